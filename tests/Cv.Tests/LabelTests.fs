/// What an input feeds as labels is checked at each call, however it gets there.
module Cv.Tests.LabelTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private classes = 5
let private scores = Expr.Input("scores", shapeOf [ Dim "N"; Dim classes ])
let private labels = Expr.Input("labels", shapeOf [ Dim "N" ], DType.I32)

/// Runs a value compiled, and interpreted; both say the same.
let private run (value: Expr) (bindings: Binding list) =
    let read = Compile.Function(value).Inputs |> Seq.map _.Id |> Set.ofSeq

    let bindings =
        bindings |> List.filter (fun b -> read.Contains b.Name) |> Array.ofList

    let attempt (act: unit -> Tensor) =
        try
            Ok(act().ToDoubles())
        with :? BindingException as ex ->
            Error ex.Text

    let compiled = attempt (fun () -> Compile.Function(value).Call(bindings)[0])

    let interpreted =
        attempt (fun () -> Interpreter.Run(Cv.Compiler.Graph(value), null, bindings)[0])

    match compiled, interpreted with
    | Ok a, Ok b -> Array.iter2 (fun a b -> Expect.floatClose Accuracy.medium a b "compiled and interpreted") a b
    | a, b -> Expect.equal a b "compiled and interpreted"

    interpreted

let private ints (dims: int list) (values: int list) =
    Tensor.From(shape dims, Array.ofList values)

let private someScores =
    Binding("scores", Tensor.From(shape [ 4; classes ], Array.init (4 * classes) (fun i -> float32 (i * 7 % 5))))

let private given values = [ someScores; Binding("labels", ints [ 4 ] values) ]

let private message (value: int) (place: int) =
    $"call: input \"labels\" must hold labels 0 to {string (classes - 1)}; got {string value} at index {string place}. Number the classes from 0."

/// All that takes labels: a value, from scores and labels.
let private takers: (string * (Expr -> Expr -> Expr)) list =
    let loss f =
        fun (s: Expr) (l: Expr) -> (f l s: Expr)

    [
        "accuracy", loss accuracy
        "one hot", (fun _ l -> l.OneHot classes)
        "pick", (fun s l -> s.Pick l)
        "softmax cross-entropy", loss softmaxCrossEntropy
        "multiclass SVM", loss multiclassSvm
        "multiclass squared hinge", (fun s l -> s.MulticlassSquaredHinge l)
        "label smoothing", (fun s l -> s.LabelSmoothing l)
        "focal loss", (fun s l -> s.FocalLoss l)
        "mixup", (fun s l -> Mixup(0.2).Loss(fun s l -> s.SoftmaxCrossEntropy l).Invoke(s, l))
        "mixup in training",
        (fun s l -> Cv.Compiler.Graph(Mixup(0.2).Loss(fun s l -> s.SoftmaxCrossEntropy l).Invoke(s, l)).ForTraining().Outputs[0])
        "the gradient of a loss", (fun s l -> Gradient.Of(s.SoftmaxCrossEntropy l, s)[0])
        "a user's own", (fun s l -> (l.AsLabels classes).EqualTo(s.ArgMax -1).Cast DType.F32)
    ]

let private direct =
    testList "directly" [
        for name, taker in takers do
            testCase name (fun () ->
                let value = taker scores labels

                // the step of mixup is a state
                if not (name.StartsWith "mixup in") then
                    Expect.isOk (run value (given [ 0; 4; 2; 1 ])) "in range"

                for bad in [ -1; classes; Int32.MaxValue; Int32.MinValue ] do
                    let refused =
                        try
                            let read = Compile.Function(value)

                            let bindings =
                                given [ 0; 1; bad; bad ]
                                |> List.filter (fun b -> read.Inputs |> Seq.exists (fun i -> i.Id = b.Name))

                            read.Call(ModelState.Initialise(read.Leaves, 1UL), Array.ofList bindings)
                            |> ignore

                            "nothing"
                        with :? BindingException as ex ->
                            ex.Text

                    Expect.equal refused (message bad 2) $"{bad}")

        testCase "contrastive: 1 for the same and 0 for others" (fun () ->
            let vectors name = Expr.Input(name, shape [ 3; 2 ])

            let same = Expr.Input("same", shape [ 3 ], DType.I32)
            let value = (vectors "a").Contrastive(vectors "b", same)

            let given values = [
                for name in [ "a"; "b" ] do
                    Binding(name, Tensor.From(shape [ 3; 2 ], [| 1f; 2f; 3f; 4f; 5f; 6f |]))
                Binding("same", ints [ 3 ] values)
            ]

            Expect.isOk (run value (given [ 0; 1; 1 ])) "in range"

            Expect.equal
                (run value (given [ 0; 1; 2 ]))
                (Error "call: input \"same\" must hold labels 0 to 1; got 2 at index 2. Number the classes from 0.")
                "out of range")

        testCase "of one score: binary accuracy" (fun () ->
            let one = Expr.Input("scores", shape [ 4; 1 ])
            let value = one.BinaryAccuracy(Expr.Input("labels", shape [ 4 ], DType.I32))

            let given values = [
                Binding("scores", Tensor.From(shape [ 4; 1 ], [| 2f; -1f; 0f; 0.5f |]))
                Binding("labels", ints [ 4 ] values)
            ]

            Expect.equal (run value (given [ 1; 0; 0; 0 ])) (Ok [| 0.75 |]) "three of four"

            Expect.equal
                (run value (given [ 1; 0; 2; 0 ]))
                (Error "call: input \"labels\" must hold labels 0 to 1; got 2 at index 2. Number the classes from 0.")
                "out of range")
    ]

/// Ways from an input to labels [4]: the input, and what it is bound to, where the last label is the one to vary.
let private routes: (string * Expr * (Expr -> Expr) * (int -> Tensor) * string) list =
    let input dims =
        Expr.Input("labels", shape dims, DType.I32)

    let plain (last: int) = ints [ 4 ] [ 3; 0; 1; last ]

    [
        "flipped", input [ 4 ], (fun l -> l.Flip 0), plain, "0 to 4"
        "behind a slice", input [ 6 ], (fun l -> l.Slice(0, 1, 4)), (fun last -> ints [ 6 ] [ 77; 3; 0; 1; last; -77 ]), "0 to 4"
        "a column",
        input [ 4; 2 ],
        (fun l -> l.Slice(1, 0, 1).Reshape 4),
        (fun last -> ints [ 4; 2 ] [ 3; 99; 0; -5; 1; 88; last; 77 ]),
        "0 to 4"
        "transposed", input [ 2; 2 ], (fun l -> l.T().Reshape 4), (fun last -> ints [ 2; 2 ] [ 3; 0; 1; last ]), "0 to 4"
        "padded", input [ 2 ], (fun l -> l.Pad(0, 1, 1)), (fun last -> ints [ 2 ] [ 3; last ]), "0 to 4"
        "joined", input [ 2 ], (fun l -> Expr.Concat(0, l.Flip 0, l)), (fun last -> ints [ 2 ] [ 3; last ]), "0 to 4"
        "numbered from 1", input [ 4 ], (fun l -> l - 1.0), (fun last -> ints [ 4 ] [ 3; 1; 5; last + 1 ]), "1 to 5"
        "counted down", input [ 4 ], (fun l -> 4.0 - l), plain, "0 to 4"
        "in a checkpoint", input [ 4 ], (fun l -> l.Checkpoint(fun v -> (v.Flip 0).Flip(0) + 0.0)), plain, "0 to 4"
        "from whole floats",
        Expr.Input("labels", shape [ 4 ]),
        (fun l -> l.Cast DType.I32),
        (fun last -> (plain last).Cast DType.F32),
        "0 to 4"
        "from f64 and back",
        Expr.Input("labels", shape [ 4 ], DType.F64),
        (fun l -> (l.Cast DType.F32).Cast DType.I32),
        (fun last -> (plain last).Cast DType.F64),
        "0 to 4"
        "out of a scan",
        input [ 4 ],
        (fun l -> snd ((Expr.Scan(Expr.Const 0.0, l, (fun s x -> struct (s + 1.0, x)))).ToTuple())),
        plain,
        "0 to 4"
    ]

let private behind =
    testList "behind" [
        for name, input, route, value, range in routes do
            testCase name (fun () ->
                let indices = route input
                let scores = Expr.Input("scores", shape [ 4; classes ])

                for taker, f in
                    [ "accuracy", accuracy indices scores; "loss", softmaxCrossEntropy indices scores; "one hot", indices.OneHot classes ] do
                    for last in [ 0; 2; 4 ] do
                        Expect.isOk (run f [ someScores; Binding("labels", value last) ]) $"{taker}: {last}"

                    for bad in [ -1; 5; 1000; -1000 ] do
                        match run f [ someScores; Binding("labels", value bad) ] with
                        | Ok _ -> failtest $"{taker}: {bad} passes"
                        | Error said -> Expect.stringStarts said $"call: input \"labels\" must hold labels {range}; got " $"{taker}: {bad}")

        testCase "the place of a matrix's label" (fun () ->
            let l = Expr.Input("labels", shape [ 2; 3 ], DType.I32)

            Expect.equal
                (run (l.OneHot classes) [ Binding("labels", ints [ 2; 3 ] [ 0; 1; 2; 3; 9; 4 ]) ])
                (Error "call: input \"labels\" must hold labels 0 to 4; got 9 at index [1, 1]. Number the classes from 0.")
                "the text")

        testCase "fractions and NaN, where a cast drops them" (fun () ->
            let l = Expr.Input("labels", shape [ 2 ])
            let hot = (l.Cast DType.I32).OneHot classes
            let given (a: float32) (b: float32) = [ Binding("labels", Tensor.From(shape [ 2 ], [| a; b |])) ]
            Expect.isOk (run hot (given -0.99f 4.99f)) "dropped"

            for bad in [ -1f; 5f; nanf; infinityf; -infinityf ] do
                Expect.isError (run hot (given 0f bad)) $"{bad}")

        testCase "a scan's sequence, its constant, and a body in a body" (fun () ->
            let l = Expr.Input("labels", shape [ 3; 2 ], DType.I32)
            let kept = Expr.Input("kept", shape [ 2 ], DType.I32)
            let zero = Expr.Const(0.0).BroadcastTo(shape [ 2; classes ])

            let counts =
                fst (
                    (Expr.Scan(
                        zero,
                        l,
                        (fun s x ->
                            struct (s
                                    + (x.OneHot classes)
                                    + (x.Checkpoint(fun v -> Expr.Concat(0, v, kept).OneHot(classes))).Slice(0, 0, 2),
                                    s.Sum()))
                    ))
                        .ToTuple()
                )

            let given (x: int list) (k: int list) = [ Binding("labels", ints [ 3; 2 ] x); Binding("kept", ints [ 2 ] k) ]
            Expect.isOk (run counts (given [ 0; 1; 2; 3; 4; 0 ] [ 1; 2 ])) "in range"

            Expect.equal
                (run counts (given [ 0; 1; 2; 3; 4; 9 ] [ 1; 2 ]))
                (Error "call: input \"labels\" must hold labels 0 to 4; got 9 at index [2, 1]. Number the classes from 0.")
                "the last step"

            Expect.equal
                (run counts (given [ 0; 1; 2; 3; 4; 0 ] [ 1; -2 ]))
                (Error "call: input \"kept\" must hold labels 0 to 4; got -2 at index 1. Number the classes from 0.")
                "the constant")

        testCase "limits take the place of a check" (fun () ->
            let l = Expr.Input("labels", shape [ 3 ], DType.I32)
            let hot (e: Expr) = e.OneHot classes
            let given values = [ Binding("labels", ints [ 3 ] values) ]
            Expect.isOk (run (hot (l.Maximum(0.0).Minimum 4.0)) (given [ -7; 3; 99 ])) "both"
            Expect.isOk (run (hot (l.Maximum 0.0)) (given [ -7; 3; 4 ])) "from below"

            Expect.equal
                (run (hot (l.Maximum 0.0)) (given [ -7; 3; 5 ]))
                (Error "call: input \"labels\" must hold labels of 4 and below; got 5 at index 2. Number the classes from 0.")
                "not from above")

        testCase "what other values choose marks no class, counts as wrong, and is not refused" (fun () ->
            let l = Expr.Input("labels", shape [ 4 ], DType.I32)
            let ignored = Expr.Select(l.EqualTo(Expr.Const(-1.0, DType.I32)), l.Like 0.0, l)
            Expect.isOk (run (ignored.OneHot classes) (given [ 3; -1; 0; 1 ])) "labels of -1 are put aside"

            Expect.equal
                (run (ignored.OneHot classes) (given [ 3; 9; 0; 1 ]))
                (Ok [|
                    for label in [ 3; 9; 0; 1 ] do
                        for c in 0..4 -> if c = label then 1.0 else 0.0
                |])
                "9 marks none"

            let scores = Expr.Input("scores", shape [ 4; classes ])
            Expect.equal (run (scores.Pick ignored) (given [ 3; 9; 0; 1 ]) |> Result.map (Array.item 1)) (Ok 0.0) "pick gives 0"

            let right = [| for i in 0..3 -> Array.init classes (fun c -> i * classes + c) |> Array.map (fun i -> i * 7 % 5) |]

            let best =
                right
                |> Array.map (fun row -> Array.IndexOf(row, Array.max row))
                |> List.ofArray

            Expect.equal (run (scores.Accuracy ignored) (given best)) (Ok [| 1.0 |]) "all right"
            Expect.equal (run (scores.Accuracy ignored) (given (9 :: best.Tail))) (Ok [| 0.75 |]) "one wrong")

        testCase "each batch size is checked for itself, many in turn" (fun () ->
            let f = Compile.Function((labels.Flip 0).OneHot classes)

            for n in [ 1..20 ] @ [ 1..20 ] do
                f.Call(Binding("labels", ints [ n ] (List.replicate n 4))) |> ignore

                Expect.throwsT<BindingException>
                    (fun () ->
                        f.Call(Binding("labels", ints [ n ] (List.replicate (n - 1) 4 @ [ 5 ])))
                        |> ignore)
                    $"{n}")
    ]

/// A random way of an input's numbers to whole numbers, of moves, shifts, casts and bodies.
let private randomRoute (random: Random) =
    let fromFloats = random.Next 3 = 0
    let count = 6

    let input =
        Expr.Input("labels", shape [ count ], (if fromFloats then DType.F32 else DType.I32))

    let shift (e: Expr) =
        match random.Next 4 with
        | 0 -> e + float (random.Next(-3, 4))
        | 1 -> float (random.Next 7) - e
        | 2 -> (e.Cast DType.F64).Cast DType.I32
        | _ -> -(-e)

    let whole = if fromFloats then input.Cast DType.I32 else input

    let shifted = List.fold (fun e _ -> shift e) whole [ 1 .. random.Next 4 ]

    // a limit to what is a label: one that is none would be the graph's own fault
    let limited =
        match random.Next 4 with
        | 0 -> shifted.Maximum(float (random.Next classes))
        | 1 -> shifted.Minimum(float (random.Next classes))
        | _ -> shifted

    let rec move (e: Expr) =
        let size = e.Shape.Size

        match random.Next 11 with
        | 0 -> e.Flip 0
        | 1 when size > 1 -> e.Slice(0, random.Next(0, 2), size - 1)
        | 2 when size > 2 -> e.Slice(0, random.Next 2, size / 2, 2)
        | 3 when size % 2 = 0 -> e.Reshape(2, size / 2).T().Reshape size
        | 4 -> Expr.Concat(0, e, e.Flip 0)
        | 5 -> e.Pad(0, random.Next 3, random.Next 3)
        | 6 -> e.Checkpoint(fun v -> move (v.Flip 0))
        | 7 ->
            (Expr.Scan(Expr.Const 0.0, e, (fun s x -> struct (s, x.StopGradient())))).ToTuple()
            |> snd
        | 8 -> e.Delay(Expr.Const(0.0))
        | 9 -> e.Reshape(1, size).BroadcastTo(shape [ 2; size ]).Reshape(2 * size)
        | 10 ->
            (Expr.Scan(Expr.Const 0.0, Expr.Iota(shape [ 2 ], 0, DType.I32), (fun s _ -> struct (s, e.Flip(0).Reshape(1, size))))).ToTuple()
            |> snd
            |> fun y -> y.Reshape(2 * size)
        | _ -> e

    input, List.fold (fun e _ -> move e) limited [ 1 .. random.Next 5 ]

[<Tests>]
let tests =
    testList "Labels" [
        direct
        behind
        testProperty "a random way: out of range is refused, in range gives the same numbers"
        <| fun (seed: int) ->
            let random = Random seed
            let input, route = randomRoute random
            let wild = random.Next 3

            let values =
                Array.init 6 (fun _ ->
                    if random.Next 6 < wild then
                        float (random.Next(-200, 200))
                    else
                        float (random.Next classes))

            let bindings = [ Binding("labels", Tensor.From(shape [ 6 ], values).Cast(input.DType)) ]

            // without an op that takes indices, nothing is checked: what the route gives
            let indices =
                (Interpreter.Run(Cv.Compiler.Graph(route), null, Array.ofList bindings)[0]).ToDoubles()

            let inBody = random.Next 3 = 0

            let hot =
                if inBody then
                    (Expr.Scan(Expr.Const 0.0, route, (fun s x -> struct (s, x.OneHot classes)))).ToTuple()
                    |> snd
                else
                    route.OneHot classes

            match run hot bindings with
            | Ok marks ->
                let expected = [|
                    for index in indices do
                        for c in 0 .. classes - 1 -> if float c = index then 1.0 else 0.0
                |]

                Expect.equal marks expected "the marks"

                Expect.isTrue
                    (indices |> Array.forall (fun i -> i >= 0.0 && i < float classes))
                    $"{List.ofArray indices} from {List.ofArray values}"
            | Error said ->
                Expect.stringContains said "call: input \"labels\" must hold labels" "the text"

                Expect.isFalse
                    (indices |> Array.forall (fun i -> i >= 0.0 && i < float classes))
                    $"{said} {List.ofArray indices} from {List.ofArray values}"
    ]
