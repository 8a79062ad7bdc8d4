import type { Run, RunFile } from "./queries";

/** A file that any of some runs wrote, and each run's version of it. */
export interface OutputLine {
  readonly path: string;
  readonly files: readonly (RunFile | undefined)[];
  readonly differs: boolean;
}

/** The files that runs wrote: those that differ first, then by path. */
export function outputLines(runs: readonly Pick<Run, "outputs">[]): OutputLine[] {
  const found = runs.map(({ outputs }) => new Map(outputs.map((file) => [file.path, file])));
  const paths = [...new Set(found.flatMap((files) => [...files.keys()]))].sort();
  const lines = paths.map((path) => {
    const files = found.map((one) => one.get(path));
    const [first] = files;
    return { path, files, differs: files.some((file) => !isSame(first, file)) };
  });
  return [...lines.filter(({ differs }) => differs), ...lines.filter(({ differs }) => !differs)];
}

/** Whether two versions are known to hold the same: by their hashes, else by the commit that they are of. */
function isSame(one: RunFile | undefined, other: RunFile | undefined): boolean {
  const content = (file: RunFile | undefined) => file?.sha256 ?? file?.blob ?? file?.commit ?? null;
  return content(one) !== null && content(one) === content(other);
}
