/// Messages stay readable, whatever they are given: names of a megabyte, thousands of names, monstrous graphs.
module Cv.Tests.BoundedTextTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto
open FsCheck
open FsCheck.FSharp

let private longest = 4096
let private monster = String('x', 1_000_000)
let private names = [ for i in 1..20_000 -> $"name{i}" ]

let private state =
    lazy (ModelState.Initialise([| for name in List.truncate 5000 names -> Expr.Parameter(name, shape [ 1 ]) |], 1UL))

let private manyInputs =
    lazy
        (Compile.Function(
            [|
                names
                |> List.truncate 3000
                |> List.map (fun name -> Expr.Input(name, Shape.Scalar))
                |> List.reduce (+)
            |]
        ))

let private x = Expr.Input("x", shape [ 2; 3 ])

/// What is thrown, and is told to a user.
let private told (act: unit -> unit) =
    try
        act ()
        None
    with ex ->
        Some ex

let private cases: (string * (unit -> unit)) list = [
    "a state that has not the name", (fun () -> ignore (state.Value["other"]))
    "a state that has not so long a name", (fun () -> ignore (state.Value[monster]))
    "an input that is not bound", (fun () -> ignore (manyInputs.Value.Call([||])))
    "an input that is not there", (fun () -> ignore (manyInputs.Value.Call([| Binding("other", Tensor.Zeros(shape [ 1 ])) |])))
    "an input of so long a name", (fun () -> ignore (Compile.Function([| Expr.Input(monster, Shape.Scalar) |]).Call([||])))
    "a shape of 10,000 dims", (fun () -> ignore (Expr.Input("x", shape (List.replicate 10_000 2))))
    "a symbol of a megabyte", (fun () -> ignore (Expr.Input("x", shapeOf [ Dim monster ]) + x))
    "a reshape to 10,000 dims", (fun () -> ignore (x.Reshape(Array.replicate 10_000 -1)))
    "a reshape to 30 dims", (fun () -> ignore (x.Reshape(Array.append [| -1 |] (Array.replicate 30 7))))
    "a transposition of 10,000 axes", (fun () -> ignore (x.Transpose(Array.init 10_000 id)))
    "an equation of a megabyte", (fun () -> ignore (Expr.Einsum(monster, x)))
    "a join of 20,000 tensors", (fun () -> ignore (Expr.Concat(0, Array.append (Array.create 20_000 x) [| Expr.Input("y", shape [ 2 ]) |])))
    "sequences of 3,000 lengths",
    (fun () ->
        let struct (_, outputs) =
            Expr.Scan(
                Array.empty<Expr>,
                [| for i in 1..3000 -> Expr.Input($"x{i}", shape [ i ]) |],
                Func<Expr[], Expr[], struct (Expr[] * Expr[])>(fun _ e -> struct ([||], e))
            )

        ignore outputs)
    "a jvp by 3,000 nodes",
    (fun () ->
        let others = [| for i in 1..3000 -> Expr.Input($"x{i}", shape [ i ]) |]
        ignore (Jvp.Of(x, others, others)))
    "a gradient of a name of a megabyte", (fun () -> ignore (Gradient.Of(x.Sum(), Expr.Input(monster, shape [ 2 ]))))
    "a parameter without a dtype", (fun () -> ignore (Expr.Parameter(monster, shape [ 2 ], dtype = DType.I32)))
    "a stage that the model has not",
    (fun () ->
        let model =
            Seq.fold (fun (model: Model) _ -> model.Relu()) (Model.Input 3) [ 1..3000 ]

        ignore (model.Before monster))
    "one name for two things",
    (fun () -> ignore (Compile.Function([| Expr.Input(monster, shape [ 2 ]); Expr.Input(monster, shape [ 3 ]) |])))
    "a file of a name of a megabyte", (fun () -> ignore (ModelState.Load monster))
]

[<Tests>]
let tests =
    testList "bounded messages" [
        for name, act in cases do
            testCase name
            <| fun () ->
                match told act with
                | None -> failtest "nothing is thrown"
                | Some ex ->
                    Expect.isLessThan
                        ex.Message.Length
                        longest
                        $"{ex.GetType().Name}: its start is {ex.Message.Substring(0, min 200 ex.Message.Length)}"

        testPropertyWithConfig
            { FsCheckConfig.defaultConfig with maxTest = 300 }
            "a short message stays, a long one keeps its start and its end"
        <| Prop.forAll
            (Arb.fromGen (Gen.zip (Gen.elements [ 0; 10; 2599; 2600; 2601; 5000; 100_000 ]) (Gen.choose (0, Int32.MaxValue))))
            (fun (length, seed) ->
                let random = Random seed

                let message =
                    String(
                        Array.init length (fun _ ->
                            if random.Next 40 = 0 then
                                '\ud83d'
                            else
                                char (random.Next(97, 123)))
                    )

                let bounded = ErrorText.Bounded message
                Expect.isLessThanOrEqual bounded.Length ErrorText.Longest "its length"

                if length <= 2600 then
                    Expect.equal bounded message "the message itself"
                else
                    Expect.isTrue (bounded.StartsWith(message.Substring(0, 1900), StringComparison.Ordinal)) "its start"
                    Expect.isTrue (bounded.EndsWith(message.Substring(length - 500), StringComparison.Ordinal)) "its end")

        testCase "names are listed up to ten, and counted from there"
        <| fun () ->
            Expect.equal (ErrorText.List names) ((names |> List.truncate 10 |> String.concat ", ") + ", and 19990 more") "the list"
            Expect.equal (ErrorText.List [ "a"; "b" ]) "a, b" "a short one"
    ]
