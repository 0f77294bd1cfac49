/// What an error says, apart from the lines that it names, which change as files do.
module Cv.Tests.Mistakes

open System.Text.RegularExpressions
open Cv.Dsl
open Cv.Runtime
open Expecto

/// A line of a test, and after it, of a node, how it was derived.
let private line = @"\w+\.fs:\d+(, in the [^;)]+)?"

/// A line, or the method's name: a node of this shape may be one that optimised code built first.
let private place = $@"({line}|[\w.]+)"

/// Rule, facts and fix of a message that ends with the line where it happened.
let text (ex: exn) =
    match ex with
    | :? GraphException as ex ->
        Expect.isTrue
            (Regex.IsMatch(
                ex.Message.Substring ex.Text.Length,
                $@"^ \(at {line}(; working on {line})?(; (nodes|operands) from {place}( and {place})*)?\)$"
            ))
            $"it names a line: {ex.Message}"

        ex.Text
    | :? BindingException as ex ->
        Expect.isTrue
            (Regex.IsMatch(ex.Message.Substring ex.Text.Length, $@"^( \(declared at {line}\))?$"))
            $"it names a line or none: {ex.Message}"

        ex.Text
    | _ -> ex.Message

/// What an act is refused with, without the lines that it names; "nothing" if it is not.
let told (act: unit -> 'a) =
    try
        act () |> ignore
        "nothing"
    with
    | :? GraphException as ex -> ex.Text
    | ex -> ex.Message
