/// What every op must keep, whoever adds it.
module Cv.Tests.CatalogueTests

open System
open System.IO
open System.Text.RegularExpressions
open Cv.Dsl
open Cv.Tests.Catalogue
open Expecto

/// The same number, but for the sign of a zero and the last bits of a function.
let private close (a: float) (b: float) =
    a.Equals b || a = b || abs (a - b) <= 1e-13 * max (abs a) (abs b)

/// Another form of a node has its type, and its values on random inputs.
let private expectSame (node: Expr) (other: Expr) how =
    Expect.equal other.Type node.Type $"{how} keeps the type of {node}"

    for seed in 1..3 do
        let bindings = Evaluate.randomBindings seed [ node; other ]
        let values = Evaluate.program [ node; other ] bindings

        Expect.isTrue
            (Array.forall2 close values[0] values[1])
            $"{how} keeps the value of\n{Evaluate.text [ node ]}\nit became\n{Evaluate.text [ other ]}\n%A{values}"

/// An op writes every element of its result, and nothing but values of the node's dtype.
let private expectWhole (node: Expr) =
    let bindings = Evaluate.randomBindings 1 [ node ]
    let operands = Evaluate.program (List.ofSeq node.Operands) bindings |> Array.ofList

    let run (fill: float) =
        let result = Array.create node.Shape.Size fill
        node.Op.Evaluate(node, ReadOnlySpan operands, Span result)
        result

    let values = run 0.0
    Expect.isTrue (Array.forall2 close values (run 77.0)) $"{node} writes every element"

    match node.DType with
    | DType.Bool -> Expect.all values (fun v -> v = 0.0 || v = 1.0) $"{node} gives truth values"
    | DType.I32 -> Expect.all values (fun v -> v = Math.Truncate v) $"{node} gives whole numbers"
    | _ -> ()

let private inferred (node: Expr) =
    node.Op.Infer(ReadOnlySpan [| for operand in node.Operands -> operand.Type |])

let private testsOf op =
    testList (nameOf op) [
        testCase "has a name in snake case"
        <| fun () -> Expect.isTrue (Regex.IsMatch(nameOf op, "^[a-z][a-z0-9]*(_[a-z0-9]+)*$")) (nameOf op)

        if not (isNamed op) then
            testCase "has samples, and they hold it"
            <| fun () ->
                let samples = samples op
                Expect.isNonEmpty samples "samples"

                for sample in samples do
                    Expect.isNonEmpty (nodesOf op sample) $"{sample} holds the op"

            testCase "computes whole results of the type it infers"
            <| fun () ->
                for node in samples op |> List.collect (nodesOf op) do
                    Expect.equal (inferred node) node.Type "type"
                    expectWhole node

            testCase "keeps type and value when it is simplified or expanded"
            <| fun () ->
                for node in samples op |> List.collect (fun sample -> List.ofSeq (Expr.Nodes sample)) do
                    match node.Op.Simplify node with
                    | null -> ()
                    | simpler -> expectSame node simpler "Simplify"

                    match node.Op.Expand node with
                    | null -> ()
                    | expanded -> expectSame node expanded "Expand"

        match sources with
        | Some folder ->
            testCase "has a file of its own"
            <| fun () -> Expect.isTrue (File.Exists(Path.Combine(folder, $"{op.Name}.cs"))) $"Ops/{op.Name}.cs"
        | None -> ()
    ]

[<Tests>]
let tests =
    testList "catalogue" [
        testCase "finds the ops"
        <| fun () ->
            Expect.isGreaterThan ops.Length 40 "count"
            Expect.contains ops typeof<MatMul> "one of them"

        testCase "names are unique"
        <| fun () ->
            let twice = ops |> List.countBy nameOf |> List.filter (fun (_, count) -> count > 1)
            Expect.isEmpty twice "names that stand twice"

        yield! List.map testsOf ops
    ]
