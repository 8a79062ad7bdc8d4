import { wire } from "../names";

/** A file that was chosen, with its path in the workspace, as on the wire. */
export interface Picked {
  readonly path: string;
  readonly file: File;
}

/** What was chosen: the files, and the names of those that are left out. */
export interface Choice {
  readonly files: readonly Picked[];
  readonly left: readonly string[];
}

/** What the hub would not take: repositories within, and names that no UTF-8 can hold. */
function isRefused(path: string): boolean {
  return path.split("/").some((part) => part.toLowerCase() === ".git") || wire(path) === undefined;
}

/** Puts chosen files below a folder of the workspace. */
export function choiceOf(files: readonly Picked[], folder: string): Choice {
  const above = folder === "" ? "" : `${folder}/`;
  return {
    files: files.filter(({ path }) => !isRefused(path)).map(({ path, file }) => ({ path: above + wire(path)!, file })),
    left: files.filter(({ path }) => isRefused(path)).map(({ path }) => path),
  };
}

/** Files of an input element; those of a folder have its name in front. */
export function fromInput(files: FileList): Picked[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** Files that were dropped, with all that is in dropped folders.
 *
 * The entries are taken at once: after the event has been handled, the browser has none any more.
 */
export async function fromDrop(transfer: DataTransfer): Promise<Picked[]> {
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const given = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const found: Picked[] = [];
  for (const { entry, file } of given) {
    if (entry !== null) await collect(entry, found);
    else if (file !== null) found.push({ path: file.name, file }); // from another program, not from a folder
  }
  return found;
}

async function collect(entry: FileSystemEntry, found: Picked[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ path: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A hundred or so at a time, until there are none.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const inner of some) await collect(inner, found);
  }
}

const MAX_PACK = 32 * 2 ** 20;

/** Files in groups whose contents one pack may hold. */
export function groups(files: readonly Picked[]): Picked[][] {
  const found: Picked[][] = [];
  let size = Infinity;
  for (const picked of files) {
    if (size + picked.file.size > MAX_PACK) {
      found.push([]);
      size = 0;
    }
    found.at(-1)!.push(picked);
    size += picked.file.size;
  }
  return found;
}
