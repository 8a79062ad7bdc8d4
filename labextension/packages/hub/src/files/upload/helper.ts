import type { Job, News } from "./worker";

/** A worker that does one job at a time. */
export class Helper {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });

  sum(file: Blob, onRead: (bytes: number) => void): Promise<string> {
    return this.#do({ kind: "sum", file }, onRead) as Promise<string>;
  }

  blob(file: Blob, onRead: (bytes: number) => void): Promise<string> {
    return this.#do({ kind: "blob", file }, onRead) as Promise<string>;
  }

  pack(files: readonly Blob[]): Promise<Blob> {
    return this.#do({ kind: "pack", files }, () => undefined) as Promise<Blob>;
  }

  close(): void {
    this.#worker.terminate();
  }

  #do(job: Job, onRead: (bytes: number) => void): Promise<string | Blob> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<News>) => {
        if ("read" in data) onRead(data.read);
        else if ("result" in data) resolve(data.result);
        else reject(new Error(`A file could not be read: ${data.error}`));
      };
      this.#worker.onerror = (event) => reject(new Error(event.message || "The browser could not start a worker."));
      this.#worker.postMessage(job);
    });
  }
}
