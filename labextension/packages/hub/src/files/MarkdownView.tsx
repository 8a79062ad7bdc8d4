import { useQuery } from "@tanstack/react-query";

import { Problems } from "../shell/Failure";
import { Markdown } from "./Markdown";
import { contentQuery } from "./queries";
import { NoText } from "./Rest";
import { decoded, type ContentProps } from "./useText";

/** A file of Markdown. */
export function MarkdownView({ place, file, at }: ContentProps): JSX.Element {
  const { data, error } = useQuery(contentQuery(place, file, at));
  if (!data) return <Problems of={error} />;
  const text = decoded([data], true);
  return text === null ? <NoText /> : <Markdown>{text}</Markdown>;
}
