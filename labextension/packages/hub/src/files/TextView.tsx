import { Problems } from "../shell/Failure";
import { NoText, Rest } from "./Rest";
import { useText, type ContentProps } from "./useText";

/** A file as text, with the numbers of its lines. */
export function TextView(props: ContentProps): JSX.Element {
  const { text, found } = useText(props);
  if (text === null) return <NoText />;
  if (text === "") return <p className="ds-quiet">The file is empty.</p>;
  return (
    <>
      <Problems of={found.error} />
      {text !== undefined && <Numbered text={text} />}
      <Rest of={found} file={props.file} />
    </>
  );
}

function Numbered({ text }: { readonly text: string }): JSX.Element {
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  const numbers = Array.from({ length: lines }, (_, index) => index + 1).join("\n");
  // Two texts, not an element for each line: a log of 100,000 lines stays one that scrolls.
  return (
    <div className="source" role="region" aria-label="Content" tabIndex={0}>
      <pre aria-hidden="true">{numbers}</pre>
      <pre>
        <code>{text}</code>
      </pre>
    </div>
  );
}
