import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import { RequestsTooMany } from './http.errors.js';
import { refuseRequest } from './socket-refusal.js';

/** Requests of one connection that may wait for their answers: browsers and proxies have one, and pipelines are rare. */
const MAX_UNANSWERED = 8;

/** What one connection has asked and was not answered yet. */
class Pipeline {
  unanswered = 0;
  refused = false;

  constructor(public newest: IncomingMessage) {}

  /** One listener for all answers of the connection. */
  readonly answered = (): void => {
    this.unanswered -= 1;
  };
}

/**
 * Holds each connection to its share: few requests at a time, and answers that are read.
 *
 * Node parses everything that one read brings, up to 64 KB and 1,900 requests, and starts them all. Here the surplus is
 * neither started nor read on: it is refused once, behind the answers before it, and the connection is closed.
 */
export class ConnectionBounds {
  private readonly pipelines = new WeakMap<Socket, Pipeline>();

  /** The listener for `request` that hands on at most {@link MAX_UNANSWERED} of a connection. */
  bound(handle: RequestListener): RequestListener {
    return (request, response) => {
      const pipeline = this.pipelineOf(request);
      if (pipeline.refused) return;
      if (pipeline.unanswered >= MAX_UNANSWERED) {
        pipeline.refused = true;
        request.socket.pause();
        refuseRequest(response, new RequestsTooMany(MAX_UNANSWERED));
        return;
      }
      pipeline.unanswered += 1;
      response.on('close', pipeline.answered);
      handle(request, response);
    };
  }

  /** Closes connections on which nothing has moved for so long, unless a handler is still at work. */
  closeStalled(server: Server, milliseconds: number): void {
    server.setTimeout(milliseconds, (socket: Socket) => {
      const working = (this.pipelines.get(socket)?.unanswered ?? 0) > 0 && socket.writableLength === 0;
      if (!working) socket.destroy();
    });
  }

  /** Whether bytes sent on the connection now would be taken for the answer to a request that came whole. */
  isAnswering(socket: Socket): boolean {
    const pipeline = this.pipelines.get(socket);
    if (pipeline === undefined || pipeline.unanswered === 0) return false;
    return pipeline.refused || pipeline.unanswered > 1 || pipeline.newest.complete;
  }

  private pipelineOf(request: IncomingMessage): Pipeline {
    const known = this.pipelines.get(request.socket);
    if (known !== undefined) {
      known.newest = request;
      return known;
    }
    const pipeline = new Pipeline(request);
    this.pipelines.set(request.socket, pipeline);
    return pipeline;
  }
}
