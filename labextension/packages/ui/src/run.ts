/** A run as a version of the workspace holds it (see docs/reference/serverext.md). */
export interface RecordedRun {
  readonly id: string;
  /** Who says that it happened; `correction` stands for files that no run named. */
  readonly authority: string;
  readonly description: string | null;
  readonly error: string | null;
  readonly workload_file: string | null;
  readonly parameters: Readonly<Record<string, string>>;
  readonly summary: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** `path@commit`, or a path alone where no version is known. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}
