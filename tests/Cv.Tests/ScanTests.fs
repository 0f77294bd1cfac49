/// Loops with state: against the same loop written out, in value and gradient, and what they cost.
module Cv.Tests.ScanTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Cv.Tests.ErrorTextTests
open Cv.Tests.Generators
open Cv.Tests.Run
open Expecto

let private f64 name dims = Expr.Input(name, shape dims, DType.F64)

let private h = f64 "h" [ 2; 3 ]
let private xs = f64 "xs" [ 4; 2; 5 ]
let private wx = f64 "wx" [ 5; 3 ]
let private wh = f64 "wh" [ 3; 3 ]
let private b = f64 "b" [ 1; 3 ]

/// One step of a small recurrent net.
let private cell (h: Expr) (x: Expr) = tanh (x *@ wx + h *@ wh + b)

let private at step (xs: Expr) =
    (xs |> slice 0 step 1).Reshape(Shape(xs.Shape.Dims.Slice 1))

let private stack (parts: Expr list) =
    parts
    |> List.map (fun part -> part.Reshape(Shape(ReadOnlySpan [| Dim 1; yield! part.Shape.ToArray() |> Array.map Dim |])))
    |> concat 0

/// The loop written out: the last state, and the outputs in the order of the sequence.
let private unrolled (body: Expr -> Expr -> Expr * Expr) state (xs: Expr) reverse =
    let order = [ 0 .. xs.Shape[0].Value - 1 ] |> if reverse then List.rev else id

    let outputs, last =
        (state, order)
        ||> List.mapFold (fun state step ->
            let next, output = body state (at step xs)
            output, next)

    last, stack (if reverse then List.rev outputs else outputs)

let private twice f h x =
    let y = f h x
    y, y

/// A scalar in which each number of both results counts otherwise.
let private loss (last: Expr, all: Expr) =
    let weigh seed (y: Expr) =
        (y * Expr.Literal(y.Shape, numbers seed [ y.Shape.Size ] |> List.head, y.DType)).Sum()

    weigh 1 last + weigh 2 all

let private gradients (y: Expr) (by: Expr list) =
    Gradient.Of(y, Array.ofList by) |> List.ofSeq

/// Both forms give the same values and gradients, interpreted and compiled at every width.
let private agree name (scanned: Expr * Expr) (written: Expr * Expr) by =
    testCase name
    <| fun () ->
        let graph results =
            fst results :: snd results :: gradients (loss results) by

        let actual, expected = graph scanned, graph written
        let values = Evaluate.randomBindings 1 (actual @ expected)
        let right = interpreted expected values
        Expect.isTrue (near 1e-12 (interpreted actual values) right) "interpreted"

        for width in widths do
            Expect.isTrue (near 1e-12 (compiled width 1 actual values) right) $"compiled, {width}"

let private bodies: (string * (Expr -> Expr -> Expr * Expr) * Expr * Expr * Expr list) list =
    let s = f64 "s" [ 3 ]
    let w = f64 "w" [ 3 ]
    let elements = f64 "e" [ 4; 3 ]

    [
        "a recurrent net", twice cell, h, xs, [ h; xs; wx; wh; b ]
        "a state that grows and an output of another shape",
        (fun s x -> s * w + sin x, (s * x).Sum([| 0 |], true)),
        s,
        elements,
        [ s; elements; w ]
        "a state that stays", (fun s x -> s, s * x * w), s, elements, [ s; elements; w ]
        "a state that forgets", (fun _ x -> x * x, x), s, elements, [ elements ]
        "an output that is outside altogether", (fun s x -> s + x, w * w), s, elements, [ s; w ]
        "a loop in a loop",
        (fun s x ->
            let inner = s |> iterateWith 3 (fun i y -> tanh (y * w + x) + i.Cast DType.F64)
            inner, inner * x),
        s,
        elements,
        [ s; elements; w ]
    ]

let private againstLoops =
    testList "as if written out" [
        for name, body, state, xs, by in bodies do
            for reverse in [ false; true ] do
                let scanned = (if reverse then mapScanBack body else mapScan body) state xs

                agree $"{name}, reverse {reverse}" scanned (unrolled body state xs reverse) by

        testCase "a second derivative"
        <| fun () ->
            let second results =
                let first = gradients (loss results) [ wh; h ]
                gradients ((first[0] * first[0]).Sum() + first[1].Sum()) [ wh; xs; b ]

            let actual, expected =
                second (scan cell h xs), second (unrolled (twice cell) h xs false)

            let values = Evaluate.randomBindings 1 expected
            let right = interpreted expected values
            Expect.isTrue (near 1e-11 (interpreted actual values) right) "interpreted"
            Expect.isTrue (near 1e-11 (compiled VectorWidth.Bits256 1 actual values) right) "compiled"

        testCase "several states and sequences, swapped, counted and masked"
        <| fun () ->
            let a, c = f64 "a" [ 3 ], f64 "c" [ 3 ]
            let us, vs = f64 "us" [ 5; 3 ], f64 "vs" [ 5; 3 ]
            let count = Expr.Const(0.0, DType.I32)

            let body (states: Expr list) (xs: Expr list) =
                match states, xs with
                | [ a; c; n ], [ u; v ] ->
                    let mask = Expr.op_GreaterThan (u, v)
                    [ c * 0.5; a + u; n + 1.0 ], [ n.Cast DType.F64 * v; Expr.Select(mask, a, c); mask.Cast DType.I32 ]
                | _ -> failwith "three states and two sequences"

            let scanned =
                let last, outputs = scanMany body [ a; c; count ] [ us; vs ]
                last @ outputs

            let written =
                let outputs, last =
                    ([ a; c; count ], [ 0..4 ])
                    ||> List.mapFold (fun states step ->
                        let next, outputs = body states [ at step us; at step vs ]
                        outputs, next)

                last @ List.map stack (List.transpose outputs)

            let by = [ a; c; us; vs ]

            let graph (results: Expr list) =
                let floats = results |> List.filter (fun e -> e.DType = DType.F64)
                results @ gradients (List.reduce (+) [ for e in floats -> (e * e).Sum() ]) by

            let values = Evaluate.randomBindings 1 (graph written)
            let right = interpreted (graph written) values
            Expect.isTrue (near 1e-12 (interpreted (graph scanned) values) right) "interpreted"
            Expect.isTrue (near 1e-12 (compiled VectorWidth.Bits256 1 (graph scanned) values) right) "compiled"

        testCase "no steps leave the state as it was"
        <| fun () ->
            let last, all = scan cell h (f64 "none" [ 0; 2; 5 ])
            let graph = last :: all :: gradients ((last * last).Sum()) [ h ]
            let values = Evaluate.randomBindings 1 graph
            let start = values |> List.find (fst >> (=) "h") |> snd

            for run in [ interpreted; compiled VectorWidth.Bits256 1 ] do
                Expect.sequenceEqual (run graph values) [ start; [||]; Array.map ((*) 2.0) start ] "h, nothing, 2 h"

        testCase "symbols for steps and batch"
        <| fun () ->
            let h = Expr.Input("h", shapeOf [ Dim "N"; Dim 3 ], DType.F64)
            let xs = Expr.Input("xs", shapeOf [ Dim "T"; Dim "N"; Dim 5 ], DType.F64)
            let last, all = scan cell h xs
            let whole = last.Sum() + (all * all).Mean()
            let graph = [ whole; yield! gradients whole [ h; xs; wh ] ]
            let f = Compile.Function(Array.ofList graph)

            for steps, batch in [ 4, 2; 7, 3 ] do
                let bound = dict [ "T", steps; "N", batch ]

                let known =
                    graph |> List.map (fun e -> e.Bind(System.Collections.Generic.Dictionary bound))

                let values = Evaluate.randomBindings 1 known
                let expected = interpreted known values
                let actual = [ for tensor in f.Call(bind known values) -> tensor.ToDoubles() ]
                Expect.isTrue (near 1e-12 actual expected) $"{steps} steps, {batch} rows"

        testCase "training is chosen within a body too"
        <| fun () ->
            let s = f64 "s" [ 3 ]

            let last =
                s |> iterate 3 (fun s -> (s * 2.0).Dropout(0.5, "drop").WhenTraining(s + 1.0))

            let forward = Graph(last).ForTraining()
            Expect.equal forward.Updates.Length 1 "dropout counts its steps"
            let values = [ "s", [| 1.0; 2.0; 3.0 |] ]
            Expect.sequenceEqual (interpreted [ last ] values) [ [| 4.0; 5.0; 6.0 |] ] "otherwise"
            Expect.sequenceEqual (compiled VectorWidth.Bits256 1 [ last ] values) [ [| 4.0; 5.0; 6.0 |] ] "otherwise, compiled"
    ]

let private scansIn (outputs: Expr list) =
    Pass.RunAll(Pipeline.Passes, Graph(Array.ofList outputs)).Nodes
    |> Seq.filter (fun e -> e.Op :? Scan)
    |> Seq.map (fun e -> e.Op :?> Scan)
    |> List.ofSeq

let private measure (outputs: Expr list) =
    Compile.Function(Graph(Array.ofList outputs), CompileOptions(Threads = 1, Width = VectorWidth.Bits256)).Measure()

let private rnn steps =
    let last, all = scan cell h (f64 "xs" [ steps; 2; 5 ])
    let loss = (last * last).Sum() + all.Sum()
    loss :: gradients loss [ wx; wh; b ]

let private cost =
    testList "cost" [
        testCase "a batch of examples"
        <| fun () ->
            let s, xs, w = f64 "s" [ 2; 3 ], f64 "xs" [ 4; 5 ], f64 "wx" [ 5; 3 ]

            let body (s: Expr) (x: Expr) =
                let next = tanh (s + (x.Reshape(1, 5) *@ w))
                next, next.Sum() * x

            let results (last: Expr, outputs: Expr) = [ last; outputs; yield! gradients (last.Sum() + (outputs * outputs).Sum()) [ w ] ]

            let scanned, written =
                results (mapScan body s xs), results (unrolled body s xs false)

            for inputs in [ [ s; xs ]; [ xs ]; [ s ] ] do
                let batch (ys: Expr list) =
                    List.ofSeq (Vmap.Of(System.Collections.Immutable.ImmutableArray.CreateRange ys, Dim 3, Array.ofList inputs))

                let actual, expected = batch scanned, batch written
                let values = Evaluate.randomBindings 1 expected
                let right = interpreted expected values
                Expect.isTrue (near 1e-11 (interpreted actual values) right) "interpreted"
                Expect.isTrue (near 1e-11 (compiled VectorWidth.Bits256 1 actual values) right) "compiled"

        testCase "a derivative forward, and along it back"
        <| fun () ->
            let scanned, written = scan cell h xs, unrolled (twice cell) h xs false

            let slopes (last: Expr, all: Expr) =
                let tangents = [| for leaf, name in [ h, "dh"; xs, "dxs"; wh, "dwh" ] -> Expr.Input(name, leaf.Shape, DType.F64) |]
                let moved = Jvp.Of(last.Sum() + (all * all).Sum(), [| h; xs; wh |], tangents)
                moved :: gradients moved [ h; wh; wx ]

            let actual, expected = slopes scanned, slopes written
            let values = Evaluate.randomBindings 1 expected
            let right = interpreted expected values
            Expect.isTrue (near 1e-11 (interpreted actual values) right) "interpreted"
            Expect.isTrue (near 1e-11 (compiled VectorWidth.Bits256 1 actual values) right) "compiled"

        testCase "a forward pass and its gradient are two scans"
        <| fun () ->
            match scansIn (rnn 6) with
            | [ forward; back ] ->
                Expect.isFalse forward.Reverse "forward first"
                Expect.isTrue back.Reverse "then back"
                Expect.equal back.Body.Results.Length back.States "no output: nobody asks for the gradient of the sequence"
                Expect.equal back.States 4 "the state's cotangent, and the sums of wx, wh and b"
            | scans -> failtest $"{scans.Length} scans"

        testCase "what nobody reads is not computed"
        <| fun () ->
            let s, e = f64 "s" [ 3 ], f64 "e" [ 4; 3 ]

            let last, _ =
                scanMany (fun states xs -> [ states[0] + 1.0; states[1] * xs[0] ], [ states[0] * xs[0] ]) [ s; s ] [ e ]

            match scansIn [ last[0] ] with
            | [ only ] -> Expect.equal (only.States, only.Sequences, only.Body.Results.Length) (1, 0, 1) "one state"
            | scans -> failtest $"{scans.Length} scans"

        testCase "what is the same at every step is computed once, outside"
        <| fun () ->
            let w = f64 "w" [ 3 ]
            let last = f64 "s" [ 3 ] |> iterate 5 (fun s -> s * exp w + w * w)

            match scansIn [ last ] with
            | [ only ] ->
                Expect.sequenceEqual
                    [ for e in only.Body.Nodes -> e.Op.Name ]
                    [ "argument"; "argument"; "mul"; "argument"; "add" ]
                    "the body"
            | scans -> failtest $"{scans.Length} scans"

        testCase "compilation does not grow with the steps"
        <| fun () ->
            let compiledFor steps =
                let graph = rnn steps
                let values = Evaluate.randomBindings 1 graph
                compiled VectorWidth.Bits256 1 graph values |> ignore // codes that others share
                let nodes = Pass.RunAll(Pipeline.Passes, Graph(Array.ofList graph)).Nodes.Length
                let struct (kernels, _) = measure graph
                nodes, kernels

            Expect.equal (compiledFor 300) (compiledFor 3) "nodes and kernels"

        testCase "without a gradient, memory does not grow with the steps"
        <| fun () ->
            let last steps =
                h |> iterate steps (fun h -> tanh (h *@ wh + b))

            let struct (_, few) = measure [ last 3 ]
            let struct (_, many) = measure [ last 3000 ]
            Expect.equal many few "bytes"

        testCase "states of each step are kept once for the gradient"
        <| fun () ->
            let peak steps =
                let struct (_, bytes) =
                    measure (
                        let last, _ = scan cell h (f64 "xs" [ steps; 2; 5 ])
                        gradients ((last * last).Sum()) [ wh ]
                    )

                bytes

            let perStep = float (peak 1100 - peak 100) / 1000.0
            Expect.equal perStep 48.0 "six numbers of f64 a step"

        testCase "the same bits on any number of threads"
        <| fun () ->
            let h, xs = Expr.Input("h", shape [ 48; 64 ]), Expr.Input("xs", shape [ 5; 48; 64 ])
            let w = Expr.Input("w", shape [ 64; 64 ])
            let last, all = scan (fun h x -> tanh (0.1 * (h *@ w) + x)) h xs
            let graph = all :: gradients ((last * last).Sum()) [ w; xs; h ]
            let values = Evaluate.randomBindings 1 graph
            let alone = compiled VectorWidth.Bits256 1 graph values

            for threads in [ 2; 3 ] do
                Expect.isTrue (identical (compiled VectorWidth.Bits256 threads graph values) alone) $"{threads} threads"

        testCase "a call allocates nothing"
        <| fun () ->
            let graph = rnn 6
            let f = Compile.Function(Array.ofList graph)
            let bindings = bind graph (Evaluate.randomBindings 1 graph)

            let results = Seq.toArray (f.Call bindings)

            for _ in 1..20 do
                f.CallInto(results, bindings)

            let before = GC.GetAllocatedBytesForCurrentThread()

            for _ in 1..10 do
                f.CallInto(results, bindings)

            Expect.equal (GC.GetAllocatedBytesForCurrentThread() - before) 0L "bytes"
    ]

let private shown =
    testList "shown" [
        testCase "a NaN is found in the step that makes it"
        <| fun () ->
            let last, _ = scan (fun s x -> s + log x) (f64 "s" [ 1 ]) (f64 "e" [ 3; 1 ])

            let values = [|
                Binding("s", Tensor.From(shape [ 1 ], [| 1.0 |]))
                Binding("e", Tensor.From(shape [ 3; 1 ], [| 1.0; -1.0; 2.0 |]))
            |]

            match Interpreter.FirstNonFinite(Graph(last * 2.0), null, values) with
            | null -> failtest "it is NaN"
            | report ->
                Expect.equal report.Node "log : f64[1] at index 1 of a scan" "the node"
                Expect.stringContains report.Detail "its operands: argument \"x 0\" : f64[1]" "what it was made of"

        testCase "a dump ends with the body"
        <| fun () ->
            let last, _ = scan (fun s x -> s * x) (f64 "s" [ 3 ]) (f64 "e" [ 4; 3 ])

            Expect.equal
                (Graph(last).ToString())
                "%0 : f64[3] = input \"s\"\n\
                 %1 : f64[4,3] = input \"e\"\n\
                 %2 : f64[15] = scan 4 steps, states 1, sequences 1 (f64[3], f64[3]) -> (f64[3], f64[3]) %0 %1\n\
                 %3 : f64[3] = part 0 %2\n\
                 return %3\n\
                 body of %2\n  \
                 %0 : f64[3] = argument \"state 0\"\n  \
                 %1 : f64[3] = argument \"x 0\"\n  \
                 %2 : f64[3] = mul %0 %1\n  \
                 return %2, %2\n"
                "the text"

        testCase "an explanation goes through the body's stages"
        <| fun () ->
            let text = Compile.Function(h |> iterate 3 (fun h -> tanh (h *@ wh))).Explain()

            for part in [ "== tidy scans: "; "\nscan: "; "== body of scan 3 steps"; "gemm"; "update \"state 0\"" ] do
                Expect.stringContains text part "the text"
    ]

let private refused =
    refusals "scan" [
        "a scalar for a sequence",
        (fun () -> scan (+) (x []) (x []) |> fst),
        "scan: the sequences must have first axes of one length, the steps; got f32[]. Reshape or cut them."

        "sequences of two lengths",
        (fun () -> (scanMany (fun s _ -> s, []) [ x [] ] [ x [ 2 ]; x [ 3 ] ] |> fst).Head),
        "scan: the sequences must have first axes of one length, the steps; got f32[2] and f32[3]. Reshape or cut them."

        "no sequence",
        (fun () -> (scanMany (fun s _ -> s, []) [ x [] ] [] |> fst).Head),
        "scan: there must be a sequence to go through; got none. For a number of steps: Iterate(10, body)?"

        "a state of another type",
        (fun () -> scan (fun s x -> s + x) (x []) (x [ 2; 3 ]) |> fst),
        "scan: the next state must be of the state's type; got f32[3] for state 0, f32[]. Cast or broadcast the first state?"

        "a state too few",
        (fun () -> (scanMany (fun _ _ -> [], []) [ x [] ] [ x [ 2 ] ] |> fst).Head),
        "scan: the body must give as many states as it takes; got 0 for 1. Give a state that stays as it came."

        "a running mean of what the body makes",
        (fun () ->
            x []
            |> iterate 2 (fun s -> s |> remember (Expr.State("mean", shape [])) (s * 2.0))),
        "scan: what a body remembers must not depend on its states or elements; got mul : f32[] for state \"mean\" : f32[]. Make it a state or an output, and remember what comes of it."
    ]

let private leaks =
    testCase "an argument outside its body is refused" (fun () ->
        let leaked = ref (x [])

        x [ 3 ]
        |> iterate 2 (fun s ->
            leaked.Value <- s
            s)
        |> ignore

        Expect.throwsC (fun () -> Compile.Function [| leaked.Value + 1.0 |] |> ignore) (fun ex ->
            Expect.stringContains
                (Mistakes.text ex)
                "graph: what a body is given has a value only in the body; got argument \"state #"
                "the text"

            Expect.stringEnds (Mistakes.text ex) "outside. Let the body give it back, as an output?" "the text"))

[<Tests>]
let tests = testList "scan" [ againstLoops; cost; shown; refused; leaks ]
