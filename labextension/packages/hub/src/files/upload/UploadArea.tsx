import { useRef, useState, type DragEvent, type ReactNode } from "react";

import type { Place } from "../place";
import type { Tree } from "../queries";
import { choiceOf, fromDrop, fromInput, type Choice, type Picked } from "./picked";
import { UploadDialog } from "./UploadDialog";

interface AreaProps {
  readonly place: Place;
  readonly folder: string;
  readonly tree: Tree;
  readonly children: ReactNode;
}

/** A folder that files can be dropped on, and buttons that do the same. */
export function UploadArea({ place, folder, tree, children }: AreaProps): JSX.Element {
  const [over, setOver] = useState(false);
  const [choice, setChoice] = useState<Choice>();
  const [error, setError] = useState("");
  const take = (files: readonly Picked[]) => {
    setError(files.length === 0 ? "There was no file in it." : "");
    if (files.length > 0) setChoice(choiceOf(files, folder));
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    fromDrop(event.dataTransfer).then(take, () => setError("The browser could not read what was dropped. Choose it with the buttons."));
  };
  const drag = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    setOver(true);
  };
  return (
    <div className={over ? "drop over" : "drop"} onDragOver={drag} onDragLeave={() => setOver(false)} onDrop={drop}>
      {children}
      <p className="inline">
        <Chooser word="Upload files" onChoose={take} />
        <Chooser word="Upload a folder" isFolder onChoose={take} />
        <span className="ds-quiet">or drop them here</span>
      </p>
      {error && <p role="alert">{error}</p>}
      {choice && <UploadDialog place={place} folder={folder} tree={tree} choice={choice} onClose={() => setChoice(undefined)} />}
    </div>
  );
}

interface ChooserProps {
  readonly word: string;
  readonly isFolder?: boolean;
  readonly onChoose: (files: Picked[]) => void;
}

function Chooser({ word, isFolder = false, onChoose }: ChooserProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" onClick={() => input.current?.click()}>
        {word}
      </button>
      <input
        ref={(element) => {
          (input as { current: HTMLInputElement | null }).current = element;
          if (isFolder) element?.setAttribute("webkitdirectory", "");
        }}
        type="file"
        multiple
        hidden
        aria-label={word}
        onChange={(event) => {
          const files = fromInput(event.target.files!);
          event.target.value = ""; // the same files can be chosen again
          onChoose(files);
        }}
      />
    </>
  );
}
