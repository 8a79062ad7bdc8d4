/** How a workspace stands to the hub, as JupyterLab's server says it (`jupyter_dotscience/api/control.py`). */

export type State = "unbound" | "saved" | "committing" | "pushed" | "offline" | "conflict" | "error";

/** What each state is called, and what it means for a person. */
export const STATES: Readonly<Record<State, { readonly word: string; readonly meaning: string }>> = {
  unbound: { word: "No project", meaning: "This folder belongs to no project, so no versions are kept." },
  saved: { word: "Saved", meaning: "Files have changed; a version of them is about to be made." },
  committing: { word: "Committing", meaning: "A version is being made." },
  pushed: { word: "Pushed", meaning: "All your files are versioned, and on the hub." },
  offline: { word: "Offline", meaning: "The hub cannot be reached. Versions are kept here and go up later." },
  conflict: { word: "Conflict", meaning: "A colleague changed the same files. Nothing is lost: both versions are kept." },
  error: { word: "Error", meaning: "The last version could not be made." },
};

export interface FileChange {
  readonly path: string;
  readonly kind: "new" | "changed" | "deleted";
}

export interface Standing {
  readonly state: State;
  readonly message: string;
  readonly project: string;
  readonly project_name: string;
  readonly branch: string;
  readonly commit: string | null;
  readonly committed: string | null;
  readonly queued: number;
  readonly conflicts: readonly string[];
  readonly skipped: readonly string[];
}
