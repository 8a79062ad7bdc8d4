/** Makes one version of files of this machine, as `ds` does: what the hub has is not sent, and large files go alone. */
import type { Body, Schema } from "@dotscience/api";

import { Problem } from "../../data/api";
import { addressOf, type Place } from "../place";
import { Helper } from "./helper";
import { forget, recall, remember } from "./known";
import { sendInParts } from "./parts";
import { groups, type Picked } from "./picked";
import { send } from "./send";

export const LARGE = 10 * 2 ** 20;
export const INLINE_FILES = 200;
export const INLINE_BYTES = 2 ** 20;
const QUERY = 50_000;
const POINTER = "version https://git-lfs.github.com/spec/";

type Change = Body<"create_commit">["changes"][number];
export type Made = Schema<"CommitResult">;

export interface Upload {
  readonly place: Place;
  readonly files: readonly Picked[];
  /** The version that the person sees; what others change meanwhile is merged. */
  readonly parent: string | null;
  readonly message: string;
  /** Paths that are programs in that version, and stay so. */
  readonly programs: ReadonlySet<string>;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  readonly step: "reading" | "sending" | "waiting";
  readonly done: number;
  readonly total: number;
}

/** How a file's content goes: within the request, as a blob in a pack, or as an object by itself. */
type Sum = { readonly as: "data" } | { readonly as: "blob" | "large"; readonly hash: string };

/** Sends what the hub lacks, and makes the version. */
export async function upload(job: Upload): Promise<Made> {
  const helper = new Helper();
  const created = new Date().toISOString();
  job.signal.addEventListener("abort", () => helper.close());
  try {
    const sums = await sent(job, helper);
    const changes = await Promise.all(job.files.map((picked) => changeOf(picked, sums.get(picked)!, job.programs)));
    const body: Partial<Body<"create_commit">> = { parent: job.parent, message: job.message, created, changes };
    const made = JSON.parse(await post(job, "commits", JSON.stringify(body))) as Made;
    job.files.forEach(forget);
    return made;
  } finally {
    helper.close();
  }
}

/** Reads the files and sends what the hub lacks; once more from the beginning when a file has changed since an upload of it was begun. */
async function sent(job: Upload, helper: Helper): Promise<Map<Picked, Sum>> {
  const recalled = new Set<Picked>();
  const sums = await read(job, helper, recalled);
  try {
    if (await sendMissing(job, sums, helper, recalled)) return sums;
  } catch (error) {
    if (recalled.size === 0 || !(error instanceof Problem) || error.code !== "bad_content") throw error;
  }
  recalled.forEach(forget);
  return sent(job, helper);
}

const post = (job: Upload, below: string, body: string | Blob, onSent?: (bytes: number) => void) =>
  send({ method: "POST", url: addressOf(job.place, below), body, signal: job.signal, ...(onSent && { onSent }) });

async function read(job: Upload, helper: Helper, recalled: Set<Picked>): Promise<Map<Picked, Sum>> {
  const isLarge = await Promise.all(job.files.map(({ file }) => goesAlone(file)));
  const large = job.files.filter((_, index) => isLarge[index]);
  const small = job.files.filter((_, index) => !isLarge[index]);
  const isInline = small.length <= INLINE_FILES && sizeOfAll(small) <= INLINE_BYTES;
  const sums = new Map<Picked, Sum>(isInline ? small.map((picked) => [picked, { as: "data" }]) : []);
  const total = sizeOfAll(isInline ? large : job.files);
  let done = 0;
  const onRead = (bytes: number) => job.onProgress({ step: "reading", done: (done += bytes), total });
  onRead(0);
  for (const picked of large) {
    const known = recall(picked);
    if (known === undefined) {
      sums.set(picked, { as: "large", hash: await stoppable(job, helper.sum(picked.file, onRead)) });
    } else {
      sums.set(picked, { as: "large", hash: known });
      recalled.add(picked);
      onRead(picked.file.size);
    }
  }
  for (const picked of isInline ? [] : small) sums.set(picked, { as: "blob", hash: await stoppable(job, helper.blob(picked.file, onRead)) });
  return sums;
}

/** A worker that was ended answers nothing: who waits for it must hear of the end. */
function stoppable<Result>({ signal }: Upload, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new DOMException("Stopped.", "AbortError"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Large files, and small ones that git-lfs would take for a large one's pointer. */
async function goesAlone(file: File): Promise<boolean> {
  return file.size > LARGE || (file.size < 1024 && (await file.slice(0, POINTER.length).text()) === POINTER);
}

/** Whether all could be believed: a recalled hash says nothing about a content that the hub has and will not look at. */
async function sendMissing(job: Upload, sums: ReadonlyMap<Picked, Sum>, helper: Helper, recalled: ReadonlySet<Picked>): Promise<boolean> {
  const byHash = new Map<string, Picked>();
  for (const [picked, sum] of sums) if (sum.as !== "data") byHash.set(sum.hash, picked);
  const lacking = await missing(job, sums, byHash);
  const wanted = new Set(lacking);
  for (const picked of recalled) {
    const sum = sums.get(picked)!;
    if (sum.as === "data" || !wanted.has(sum.hash) || byHash.get(sum.hash) !== picked) return false;
  }
  const total = sizeOfAll(lacking.map((hash) => byHash.get(hash)!));
  let done = 0;
  const tell = (sent: number) => job.onProgress({ step: "sending", done: Math.min(done + sent, total), total });
  tell(0);
  const isLarge = (hash: string) => sums.get(byHash.get(hash)!)!.as === "large";
  for (const group of groups(lacking.filter((hash) => !isLarge(hash)).map((hash) => byHash.get(hash)!))) {
    await post(job, "packs", await stoppable(job, helper.pack(group.map(({ file }) => file))), tell);
    done += sizeOfAll(group);
  }
  for (const hash of lacking.filter(isLarge)) {
    const picked = byHash.get(hash)!;
    remember(picked, hash);
    try {
      await sendLarge(job, picked, hash, tell, (step) => job.onProgress({ step, done, total }));
    } catch (error) {
      if (error instanceof Problem && error.code === "bad_content") forget(picked);
      throw error;
    }
    done += picked.file.size;
  }
  return true;
}

async function sendLarge({ place, signal }: Upload, { file }: Picked, sha256: string, onSent: (bytes: number) => void, onStep: (step: Progress["step"]) => void): Promise<void> {
  let at = 0;
  await sendInParts({
    place,
    file,
    sha256,
    signal,
    onSent: (bytes) => onSent((at = bytes)),
    onWaiting: (isWaiting) => (isWaiting ? onStep("waiting") : onSent(at)),
  });
}

async function missing(job: Upload, sums: ReadonlyMap<Picked, Sum>, byHash: ReadonlyMap<string, Picked>): Promise<string[]> {
  const all = [...byHash];
  const found: string[] = [];
  for (let start = 0; start < all.length; start += QUERY) {
    const part = all.slice(start, start + QUERY);
    const large = part.filter(([, picked]) => sums.get(picked)!.as === "large");
    const blobs = part.filter(([, picked]) => sums.get(picked)!.as === "blob").map(([hash]) => hash);
    const objects = large.map(([sha256, { file }]) => ({ sha256, size: file.size }));
    const answer = JSON.parse(await post(job, "missing", JSON.stringify({ blobs, objects }))) as Schema<"Missing">;
    found.push(...answer.blobs, ...answer.objects);
  }
  return found;
}

async function changeOf({ path, file }: Picked, sum: Sum, programs: ReadonlySet<string>): Promise<Change> {
  const change = {
    path,
    mode: programs.has(path) ? "executable" : "file",
    size: file.size,
    modified: file.lastModified * 1_000_000,
    ...(sum.as === "data" && { data: await base64(file) }),
    ...(sum.as === "blob" && { blob: sum.hash }),
    ...(sum.as === "large" && { large: true, sha256: sum.hash }),
  };
  return change as unknown as Change;
}

async function base64(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

const sizeOfAll = (files: readonly Picked[]): number => files.reduce((sum, { file }) => sum + file.size, 0);
