import { PassThrough } from 'node:stream';
import { Streams } from '../streams.js';

/** Streams of a terminal, or of none, with what was printed and a keyboard. */
export class TypedStreams extends Streams {
  private readonly keyboard: PassThrough;
  private readonly printed = { result: '', messages: '' };

  constructor(isTerminal: boolean) {
    super();
    const stream = (listen: (text: string) => void): PassThrough => {
      const made = Object.assign(new PassThrough(), { isTTY: isTerminal, columns: 100 });
      made.setEncoding('utf8').on('data', listen);
      // A prompt ends what it draws on, which standard error outlives.
      return Object.assign(made, { end: () => made });
    };
    this.keyboard = Object.assign(new PassThrough(), { isTTY: isTerminal });
    Object.assign(this, {
      input: this.keyboard,
      result: stream((text) => (this.printed.result += text)),
      messages: stream((text) => (this.printed.messages += text)),
    });
  }

  get resultText(): string {
    return this.printed.result;
  }

  get messagesText(): string {
    return this.printed.messages;
  }

  /** Types once a prompt is there: what comes before one is thrown away, as at a real terminal. */
  async typeAt(prompt: string, text: string): Promise<void> {
    while (!this.messagesText.includes(prompt)) await new Promise((resolve) => setTimeout(resolve, 5));
    this.keyboard.write(text);
  }
}
