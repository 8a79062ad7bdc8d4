import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";

import { Linked } from "./Comments";
import { linked } from "./linked";

afterEach(cleanup);

const links = (text: string) => linked(text).flatMap(({ text: shown, address }) => (address === undefined ? [] : [[shown, address]]));

describe("a comment", () => {
  it("keeps all of its text", () => {
    const text = "See https://a.example/x, and\n  (http://b.example/y_(z)). Done.";
    expect(linked(text).map((piece) => piece.text).join("")).toBe(text);
  });

  it.each([
    ["https://a.example/x, then", "https://a.example/x"],
    ["(see https://a.example/x)", "https://a.example/x"],
    ["https://en.example/wiki/Loss_(statistics).", "https://en.example/wiki/Loss_(statistics)"],
    ["HTTPS://A.example/?a=1&b=2#c!", "HTTPS://A.example/?a=1&b=2#c"],
    ["[x](https://a.example/y)", "https://a.example/y"],
  ])("links the address in %j without what ends the sentence", (text, shown) => expect(links(text)).toEqual([[shown, new URL(shown).href]]));

  it.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://a.example/x",
    "xhttps://a.example",
    "https://",
    "https://bank.example@evil.example/x",
    "//a.example/x",
    "www.a.example",
    "<b>bold</b> &amp; **bold**",
  ])("links nothing in %j", (text) => expect(linked(text)).toEqual([{ text }]));

  it("ends an address where letters are hidden or turned", () => {
    expect(links("https://a.example/\u202egpj.exe")).toEqual([["https://a.example/", "https://a.example/"]]);
    expect(links("https://a.example/x\u200by")).toEqual([["https://a.example/x", "https://a.example/x"]]);
  });

  it("takes no time with a text that is one long address", () => {
    const text = `https://a.example/${")".repeat(10_000)}`;
    expect(links(text)).toHaveLength(1);
  });

  it("is text on the page: markup is shown, links lead away without handing the page over", () => {
    const { container } = render(<Linked text={'<img src=x onerror=alert(1)> https://a.example/"onclick=alert(1)'} />);
    expect(container.querySelector("img")).toBeNull();
    expect(container.textContent).toContain("<img src=x");
    const link = screen.getByRole("link");
    expect([link.getAttribute("href"), link.getAttribute("rel"), link.getAttribute("onclick")]).toEqual(["https://a.example/", "noopener noreferrer nofollow", null]);
  });
});
