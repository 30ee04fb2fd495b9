/**
 * Hands out sessions, each to one user at a time, because a session can do one operation at a time. There are never
 * more than the limit, or than the token gives; who comes later waits. A session in which something failed is closed.
 */
export class SessionPool<Session> {
  private readonly idle: Session[] = [];
  private readonly waiting: (() => void)[] = [];
  private used = 0;
  private limit: number;
  private readonly open: () => Session;
  private readonly close: (session: Session) => void;

  constructor(limit: number, open: () => Session, close: (session: Session) => void) {
    this.limit = limit;
    this.open = open;
    this.close = close;
  }

  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.take();
    try {
      const result = await work(session);
      this.idle.push(session);
      return result;
    } catch (error) {
      this.close(session);
      throw error;
    } finally {
      this.used -= 1;
      this.waiting.shift()?.();
    }
  }

  private async take(): Promise<Session> {
    for (;;) {
      const session = this.used < this.limit ? this.takeNow() : undefined;
      if (session !== undefined) return session;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  private takeNow(): Session | undefined {
    try {
      const session = this.idle.pop() ?? this.open();
      this.used += 1;
      return session;
    } catch (error) {
      if (this.used === 0) throw error;
      this.limit = this.used;
      return undefined;
    }
  }
}
