/** Hashes and packs beside the page, so that it stays quick meanwhile. */
import { blobId, packOf, sumOf } from "./hashing";

export type Job =
  | { readonly kind: "sum"; readonly file: Blob }
  | { readonly kind: "blob"; readonly file: Blob }
  | { readonly kind: "pack"; readonly files: readonly Blob[] };

export type News = { readonly read: number } | { readonly result: string | Blob } | { readonly error: string };

const tell = (news: News): void => self.postMessage(news);
const bytesOf = async (file: Blob): Promise<Uint8Array> => new Uint8Array(await file.arrayBuffer());

async function done(job: Job): Promise<string | Blob> {
  if (job.kind === "sum") return sumOf(job.file, (read) => tell({ read }));
  if (job.kind === "pack") return packOf(await Promise.all(job.files.map(bytesOf)));
  const id = blobId(await bytesOf(job.file));
  tell({ read: job.file.size });
  return id;
}

self.addEventListener("message", ({ data }: MessageEvent<Job>) => {
  done(data).then(
    (result) => tell({ result }),
    (error: unknown) => tell({ error: error instanceof Error ? error.message : String(error) }),
  );
});
