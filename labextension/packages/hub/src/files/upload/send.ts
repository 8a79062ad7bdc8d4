import { Problem } from "../../data/api";
import { OURS, problemOf } from "../place";

const ATTEMPTS = 6;
const ABORTED = () => new DOMException("Stopped.", "AbortError");

export interface Sending {
  readonly method: "PUT" | "POST";
  readonly url: string;
  readonly body: Blob | string;
  readonly signal: AbortSignal;
  /** Told how many bytes of the body have left; goes back to 0 when it is sent anew. */
  readonly onSent?: (bytes: number) => void;
}

/** Sends a body, again when the connection is lost or the hub is not there for a moment. */
export async function send(sending: Sending, pause = 1_000): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(sending);
    } catch (error) {
      const isLost = !(error instanceof Problem) || error.status >= 500;
      if (sending.signal.aborted || !isLost || attempt === ATTEMPTS) throw error;
      sending.onSent?.(0);
      await rest(Math.min(pause * 2 ** (attempt - 1), 15 * pause), sending.signal);
    }
  }
}

/** Sends a body once. `fetch` would not tell how much of it has left. */
export function once({ method, url, body, signal, onSent }: Sending): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(ABORTED());
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open(method, url);
    for (const [name, value] of Object.entries(OURS)) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", typeof body === "string" ? "application/json" : "application/octet-stream");
    request.upload.onprogress = ({ loaded }) => onSent?.(loaded);
    request.onload = () =>
      request.status < 300 ? resolve(request.responseText) : reject(problemOf(request.status, request.responseText));
    request.onerror = () => reject(new Error("The connection to the hub was lost. What has arrived is kept: upload the same files again to go on."));
    request.onabort = () => reject(ABORTED());
    request.onloadend = () => signal.removeEventListener("abort", stop);
    signal.addEventListener("abort", stop);
    request.send(body);
  });
}

export function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(ABORTED())), { once: true });
  });
}
