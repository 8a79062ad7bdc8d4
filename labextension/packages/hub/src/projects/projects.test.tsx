import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";

import { UserBox } from "./UserBox";

const asked: string[] = [];
vi.mock("../data/api", () => ({
  api: {
    GET: async (_path: string, { params }: { params: { query: { name: string } } }) => {
      asked.push(params.query.name);
      return { data: { items: ["anna", "hans", "johanna"].map((name) => ({ name })) } };
    },
  },
  reply: ({ data }: { data: unknown }) => data,
}));

afterEach(() => {
  cleanup();
  asked.length = 0;
});

function Box(): JSX.Element {
  const [value, setValue] = useState("");
  return (
    <QueryClientProvider client={new QueryClient()}>
      <UserBox label="Who" value={value} without={["hans"]} onChange={setValue} />
    </QueryClientProvider>
  );
}

describe("the field for a user's name", () => {
  it("offers whom the hub knows, but for those who are there, and takes one by the keyboard", async () => {
    render(<Box />);
    const box = screen.getByRole("combobox");
    fireEvent.focus(box);
    fireEvent.change(box, { target: { value: "a" } });
    fireEvent.change(box, { target: { value: "an" } });
    expect((await screen.findAllByRole("option")).map((option) => option.textContent)).toEqual(["anna", "johanna"]);
    expect(asked).toEqual(["an"]);
    fireEvent.keyDown(box, { key: "ArrowDown" });
    fireEvent.keyDown(box, { key: "ArrowDown" });
    expect(box.getAttribute("aria-activedescendant")).toBe(screen.getAllByRole("option")[1]!.id);
    fireEvent.keyDown(box, { key: "Enter" });
    expect((box as HTMLInputElement).value).toBe("johanna");
    expect(box.getAttribute("aria-expanded")).toBe("false");
  });

  it("closes with Escape and keeps what was typed", async () => {
    render(<Box />);
    const box = screen.getByRole("combobox");
    fireEvent.focus(box);
    fireEvent.change(box, { target: { value: "an" } });
    await screen.findAllByRole("option");
    fireEvent.keyDown(box, { key: "Escape" });
    expect(screen.queryByRole("option")).toBeNull();
    expect((box as HTMLInputElement).value).toBe("an");
  });
});
