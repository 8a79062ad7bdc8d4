import type { Model } from './model';

/** What the pages of the panel can do beyond drawing. */
export interface Host {
  readonly model: Model;
  /** The hub's address, without a slash at the end; nothing where it is not known. */
  hub(): string | undefined;
  /** Makes a version now; a failure is shown. */
  save(message: string): Promise<void>;
  /** Ends a conflict; a failure is shown. */
  resolve(keep: 'mine' | 'theirs'): Promise<void>;
  /** Brings what others have changed into the folder, and shows it in open documents; a failure is shown. */
  takeIn(): Promise<void>;
  /** Opens a file of the workspace. */
  open(path: string): void;
  /** Shows what differs in a notebook between two versions, or between one and now. */
  compare(path: string, base: string, to?: string): Promise<void>;
  /** Writes a file's old version beside it and opens that. */
  restore(path: string, at: string): Promise<void>;
  /** The file that is in front, or nothing. */
  currentPath(): string | undefined;
  /** Another file came to the front. */
  moved(): void;
}
