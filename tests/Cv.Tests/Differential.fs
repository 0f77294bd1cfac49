/// Holds every way of running a graph against every other: interpreted, rewritten, compiled at each width, in f32 and f64, on several threads.
module Cv.Tests.Differential

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Testing
open Cv.Tests.Run

/// A product as SEMANTICS.md has it: chains of fused multiply-adds, each rounded to f32. Where many terms are alike, all of them round one way, and a chain is
/// off by far more than one rounding.
let private chains (node: Expr) (arguments: float[][]) (result: float[]) =
    let a, b = node.Operands[0].Shape, node.Operands[1].Shape

    let rows, inner, columns =
        a[a.Rank - 2].Value, a[a.Rank - 1].Value, b[b.Rank - 1].Value

    for place in 0 .. result.Length - 1 do
        let row, column = place / columns, place % columns
        let left k = arguments[0][row * inner + k]

        let right k =
            arguments[1][(row / rows * inner + k) * columns + column]

        result[place] <- Sums.ofProducts DType.F32 left right inner

/// Rounds to f32, and a sum as its partial sums are: by a part of all that was added, however much of it cancelled.
let private roundSums (node: Expr) (arguments: float[][]) (result: float[]) =
    let sizes = Array.zeroCreate<float> result.Length

    match node.Op with
    | :? ReduceSum
    | :? Convolution
    | :? SumPool2d
    | :? MatMul when node.DType = DType.F32 -> node.Op.Evaluate(node, ReadOnlySpan(Array.map (Array.map abs) arguments), Span sizes)
    | _ -> ()

    match node.Op with
    | :? MatMul when node.DType = DType.F32 -> chains node arguments result
    | _ -> ()

    result
    |> Array.mapi (fun i value ->
        let moved =
            if i % 2 = 0 then
                value + sizes[i] * 6e-8
            else
                value - sizes[i] * 6e-8

        if node.DType = DType.F32 then float (float32 moved)
        elif node.DType = DType.I32 then float (int value)
        else value)

/// How much the rounding of f32 may move a graph's outputs: as much as it moves a slow evaluation's.
let private sensitivity (outputs: Expr list) values (exact: float[] list) =
    List.map2
        (fun (narrow: float[]) (exact: float[]) ->
            let scale = exact |> Array.map abs |> Array.append [| 1e-30 |] |> Array.max

            Array.map2 (fun a b -> abs (a - b)) narrow exact
            |> Array.append [| 0.0 |]
            |> Array.max
            |> (fun e -> e / scale))
        (Evaluate.programRounding roundSums outputs values)
        exact
    |> List.max

let private compile (options: CompileOptions) (outputs: Expr list) values =
    let f = Compile.Function(Cv.Compiler.Graph(Array.ofList outputs), options)

    [
        for tensor in f.Call(bind outputs values) do
            tensor.ToDoubles()
    ]

/// The largest difference, for a report.
let private worst (a: float[] list) (b: float[] list) =
    List.map2 (fun a b -> Array.map2 (fun x y -> abs (x - y)) a b |> Array.append [| 0.0 |] |> Array.max) a b

/// Gives what two ways of running a graph disagree on, or nothing. One graph in three brings its gradients along, in f64; one in five is compiled with
/// rematerialisation and with fast math, too.
let private mismatchOf seed (outputs: Expr list) =
    // what f32 holds, so that both dtypes start from the same numbers
    let rounded values =
        values
        |> List.map (fun (name, numbers) -> name, Array.map (float32 >> float) numbers)

    let wide = outputs |> List.map _.WithDType(DType.F64)

    let all =
        if seed % 3 = 0 then
            wide @ Graphs.gradientsOf wide
        else
            wide

    let values = Evaluate.randomBindings seed all |> rounded
    let expected = interpreted all values
    let exact = List.truncate wide.Length expected
    // rounding inside of a scan or a checkpoint counts as it does outside
    let moved =
        sensitivity [ for output in outputs -> Unrolled.Of(output)[output] ] values exact

    let width = widths[seed / 3 % 3]

    let differ what tolerance actual expected =
        if near tolerance actual expected then
            None
        else
            Some $"{what}: tolerance {tolerance:E2}, differences %A{worst actual expected}"

    let differBits what actual expected =
        if identical actual expected then
            None
        else
            Some $"{what}: bits differ, by %A{worst actual expected}"

    let narrow =
        lazy
            (widths
             |> List.map (fun width -> width, compile (CompileOptions(Threads = 1, Width = width)) outputs values))

    let alone = lazy (narrow.Value |> List.find (fun (w, _) -> w = width) |> snd)
    // gradients bend where values are nearly 0, so they move further
    let inWide = (if seed % 3 = 0 then 1e-10 else 1e-12) + 1e-8 * moved
    let inNarrow = 1e-6 + 20.0 * moved

    seq {
        let passed =
            (Pass.RunAll(Pipeline.Passes, Cv.Compiler.Graph(Array.ofList all))).Outputs
            |> List.ofSeq

        differ "rewritten, f64, interpreted" inWide (interpreted passed values) expected
        differ $"compiled, f64, {width}" inWide (compile (CompileOptions(Threads = 1 + seed % 2, Width = width)) all values) expected

        for width, actual in narrow.Value do
            differ $"compiled, f32 against f64, {width}" inNarrow actual exact

        let threads = 2 + seed / 2 % 2
        let options = CompileOptions(Threads = threads, Width = width)
        differBits $"{threads} threads and 1, {width}" (compile options outputs values) alone.Value

        if seed % 5 = 0 then
            let options = CompileOptions(Threads = 1, Width = width, Rematerialise = true)
            differBits $"rematerialised, {width}" (compile options outputs values) alone.Value
            let options = CompileOptions(Threads = 1, Width = width, FastMath = true)
            differ $"fast math, {width}" (4.0 * inNarrow) (compile options outputs values) exact
    }
    |> Seq.tryPick id

let mismatch (graph: Graphs.Graph) = mismatchOf graph.Seed graph.Outputs

let private orThrown mismatch =
    try
        mismatch ()
    with ex ->
        Some $"{ex.GetType().Name}: {ex.Message}\n{ex.StackTrace}"

/// As mismatch; what throws disagrees, too.
let report (graph: Graphs.Graph) = orThrown (fun () -> mismatch graph)

/// Every third node of these graphs is a scan, a checkpoint, a delay or a loss of labels, and any other op of the library stands between them.
let private bodies =
    GrowthOptions(
        Own =
            System.Collections.Immutable.ImmutableArray.CreateRange(
                Seq.concat [ BodyGrowths.All :> seq<Growth>; DelayGrowths.All; LossGrowths.All ]
            )
    )

let grown seed = RandomGraphs.Grow(seed, bodies)

/// As report, of a graph that has grown op by op: in f32, in f64, and back.
let reportGrown (graph: GraphCase) =
    orThrown (fun () -> mismatchOf graph.Seed [ graph.Y.WithDType(DType.F32) ])

/// The graph of fewest steps, among those that grow on the way to this one, that still has a mismatch.
let shrunk (graph: Graphs.Graph) =
    Seq.init graph.Steps (fun i -> Graphs.Graph(graph.Seed, i + 1))
    |> Seq.tryPick (fun smaller -> report smaller |> Option.map (fun text -> smaller, text))
