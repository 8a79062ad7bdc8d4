/** The one websocket of a tab, on which the hub tells what changed: kept up, and made anew after each cut. */
import type { Schema } from "@dotscience/api";

/** What changed; the hub leaves out what there is nothing to say of. */
export type Notice = Pick<Schema<"Notice">, "kind"> & Partial<Schema<"Notice">>;

/** How it stands: `asleep` while nobody sees the tab, `ended` when the login is over. */
export type Link = "connecting" | "connected" | "lost" | "asleep" | "ended";

/** Pauses between attempts in milliseconds: the first, and the longest. Each is drawn from its upper half. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 20_000;
/** The hub says something every 20 seconds; browsers do not notice when a connection is dead. */
const SILENCE = 45_000;
/** A tab that is hidden only for a moment keeps its connection. */
const DOZE = 5_000;
const ENDED = 4401;

interface SocketOptions {
  readonly url: string;
  /** Shows that a connection comes from this page. */
  readonly xsrf: string;
  /** Where the hub's feed of changes was when the page was made. */
  readonly since: string;
  readonly onNotices: (notices: readonly Notice[]) => void;
  readonly onLink: (link: Link) => void;
}

/** Keeps a connection, and says what comes. Whatever is missed while it is cut is told after the next one. */
export class ChangeSocket {
  private socket: WebSocket | null = null;
  private attempts = 0;
  private at: string;
  private link: Link = "connecting";
  private timers: { again?: Timer; silence?: Timer; doze?: Timer } = {};
  private readonly options: SocketOptions;

  constructor(options: SocketOptions) {
    this.options = options;
    this.at = options.since;
  }

  /** Begins, and goes on until the page is gone. */
  start(): void {
    document.addEventListener("visibilitychange", this.onVisibility);
    window.addEventListener("online", this.hurry);
    if (document.visibilityState === "hidden") this.say("asleep");
    else this.connect();
  }

  /** Ends it for good. */
  stop(): void {
    document.removeEventListener("visibilitychange", this.onVisibility);
    window.removeEventListener("online", this.hurry);
    clearTimeout(this.timers.doze);
    this.drop();
  }

  private readonly onVisibility = () => {
    clearTimeout(this.timers.doze);
    if (document.visibilityState === "hidden") {
      this.timers.doze = setTimeout(() => {
        this.drop();
        this.say("asleep");
      }, DOZE);
    } else if (this.link === "asleep") {
      this.attempts = 0;
      this.say("connecting");
      this.connect();
    } else this.hurry();
  };

  /** What was away is likely back: no use in waiting out a long pause. */
  readonly hurry = (): void => {
    if (this.link === "lost" && this.socket === null) this.connect();
  };

  private connect(): void {
    clearTimeout(this.timers.again);
    if (this.link === "ended") return;
    const socket = new WebSocket(this.options.url);
    this.socket = socket;
    this.listen(socket);
    socket.onopen = () => socket.send(JSON.stringify({ xsrf: this.options.xsrf, since: this.at }));
    socket.onmessage = ({ data }) => this.take(socket, data as string);
    socket.onclose = ({ code }) => socket === this.socket && this.cut(code);
  }

  private take(socket: WebSocket, data: string): void {
    if (socket !== this.socket) return;
    const { at, notices } = JSON.parse(data) as { readonly at: string; readonly notices: readonly Notice[] };
    this.listen(socket);
    this.at = at;
    this.attempts = 0;
    this.say("connected");
    if (notices.length > 0) this.options.onNotices(notices);
  }

  /** Takes a connection for dead that says nothing for long; also one that is never made. */
  private listen(socket: WebSocket): void {
    clearTimeout(this.timers.silence);
    this.timers.silence = setTimeout(() => socket === this.socket && this.cut(0), SILENCE);
  }

  private cut(code: number): void {
    this.drop();
    if (code === ENDED) return this.say("ended");
    this.say("lost");
    const pause = Math.min(FIRST_PAUSE * 2 ** this.attempts, LONGEST_PAUSE);
    this.attempts += 1;
    // Drawn by lot: when a hub comes back, not all pages shall ask at once.
    this.timers.again = setTimeout(() => this.connect(), pause * (0.5 + Math.random() / 2));
  }

  private drop(): void {
    clearTimeout(this.timers.again);
    clearTimeout(this.timers.silence);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private say(link: Link): void {
    if (link === this.link) return;
    this.link = link;
    this.options.onLink(link);
  }
}

type Timer = ReturnType<typeof setTimeout>;
