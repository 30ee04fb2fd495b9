import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { RequestsTooMany } from './http.errors.js';
import { refuseRequest } from './socket-refusal.js';

/**
 * Requests of one connection that may wait for their answers: browsers and proxies have one, and pipelines are rare.
 */
const MAX_UNANSWERED = 8;

/** The parser is given so many bytes at a time: some 60 of the shortest requests. */
const PIECE = 2048;

/** What one connection has asked and was not answered yet. */
class Pipeline {
  unanswered = 0;
  refused = false;
  newest: IncomingMessage | undefined;

  /** One listener for all answers of the connection. */
  readonly answered = (): void => {
    this.unanswered -= 1;
    // A connection that waits for its next request would keep this one, with its token, and have it grow old.
    if (this.unanswered === 0) this.newest = undefined;
  };
}

/**
 * Holds each connection to its share: few requests at a time, and answers that are read.
 *
 * Node parses and starts everything that one read brings: up to 64 KB and 1,900 requests, on as many connections as
 * have something to read, before anything else has its turn. Here the parser gets it in pieces. What is too much is
 * refused once, behind the answers before it; the rest is thrown away unparsed, and the connection is closed.
 */
export class ConnectionBounds {
  private readonly pipelines = new WeakMap<Socket, Pipeline>();

  /** Puts these bounds on every connection of a server: `opened` is the event that hands it to HTTP. */
  watch(server: Server, opened: 'connection' | 'secureConnection', stalledMilliseconds: number): void {
    server.on(opened, (socket: Socket) => {
      const pipeline = new Pipeline();
      this.pipelines.set(socket, pipeline);
      parseInPieces(socket, pipeline);
    });
    // A connection on which nothing has moved for so long is closed, unless a handler is still at work.
    server.setTimeout(stalledMilliseconds, (socket: Socket) => {
      const working = (this.pipelines.get(socket)?.unanswered ?? 0) > 0 && socket.writableLength === 0;
      if (!working) socket.destroy();
    });
  }

  /** The listener for `request` that hands on what a connection may ask. */
  bound(handle: RequestListener): RequestListener {
    return (request, response) => {
      const pipeline = this.pipelines.get(request.socket);
      if (pipeline === undefined || pipeline.refused) return;
      pipeline.newest = request;
      if (pipeline.unanswered < MAX_UNANSWERED) {
        pipeline.unanswered += 1;
        response.on('close', pipeline.answered);
        handle(request, response);
      } else refuse(pipeline, request.socket, response);
    };
  }

  /** Whether bytes sent on the connection now would be taken for the answer to a request that came whole. */
  isAnswering(socket: Socket): boolean {
    const { unanswered = 0, refused = false, newest } = this.pipelines.get(socket) ?? {};
    return refused || unanswered > 1 || (unanswered === 1 && newest?.complete === true);
  }
}

function refuse(pipeline: Pipeline, socket: Socket, response: ServerResponse): void {
  pipeline.refused = true;
  socket.pause();
  refuseRequest(response, new RequestsTooMany(MAX_UNANSWERED));
}

/** Stands between the socket and the listener by which Node's HTTP server reads it. */
function parseInPieces(socket: Socket, pipeline: Pipeline): void {
  const [parse] = socket.listeners('data') as ((bytes: Buffer) => void)[];
  if (parse === undefined) throw new Error('Node reads its HTTP connections in another way than by "data".');
  socket.off('data', parse);
  socket.on('data', (bytes: Buffer) => {
    for (let start = 0; start < bytes.length; start += PIECE) {
      // Closed, or about to be: behind CONNECT or a syntax error the parser is not this connection's any more.
      if (pipeline.refused || !socket.writable) return;
      if (socket.isPaused()) {
        socket.unshift(bytes.subarray(start));
        return;
      }
      parse.call(socket, bytes.length <= PIECE ? bytes : bytes.subarray(start, start + PIECE));
    }
  });
}
