/// Graphs within ops: whatever is done to a scan or a checkpoint, what its body took from outside stays with it.
module Cv.Tests.BodyTests

open System
open System.Collections.Generic
open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.Testing
open Cv.Tests.Generators
open Cv.Tests.Run
open Expecto
open FsCheck
open FsCheck.FSharp

let private options =
    GrowthOptions(Steps = 4, Size = 200, AllowEmpty = false, Own = BodyGrowths.All)

let private leaves (y: Expr) =
    Expr.Nodes y
    |> Seq.filter (fun node -> node.Op :? Input && node.DType.IsFloat())
    |> Seq.sortBy (fun leaf -> (leaf.Op :?> Input).Id) // a body is walked in another order than what it computes
    |> Array.ofSeq

let private joined (parts: Expr seq) =
    parts |> Seq.map _.Sin().Sum() |> Seq.reduce (+)

let private tangent (leaf: Expr) =
    Expr.Literal(leaf.Shape, Array.init leaf.Shape.Size (fun i -> 0.5 + 0.25 * float (i % 3)), leaf.DType)

let private gradient (all: Expr[]) (y: Expr) =
    match all with
    | [||] -> y
    | _ -> joined (Gradient.Of(y.Sum(), all, Unreached.Zero))

let private jvp (all: Expr[]) (y: Expr) =
    match all with
    | [||] -> y
    | _ -> Jvp.Of(y, all, Array.map tangent all, Unreached.Zero)

let private batch (all: Expr[]) (y: Expr) =
    match all with
    | [||] -> y
    | _ ->
        Vmap.Of(
            y,
            Dictionary(
                dict [
                    all[0], Expr.Concat(0, [| for scale in [ 1.0; 0.5 ] -> (all[0] * scale).Reshape(Batching.Of(Dim 1, all[0].Shape)) |])
                ]
            )
        )

/// Makes a body of all that depends on the first leaf.
let private within (all: Expr[]) (y: Expr) =
    match all with
    | [||] -> y
    | _ -> all[0].Checkpoint(fun v -> y.Substitute(Dictionary(dict [ all[0], v ])))

let private inLoop (all: Expr[]) (y: Expr) =
    match all with
    | [||] -> y
    | _ ->
        let xs =
            Expr.Concat(0, [| for scale in [ 1.0; 0.5; -1.0 ] -> (all[0] * scale).Reshape(Batching.Of(Dim 1, all[0].Shape)) |])

        let struct (_, outputs) =
            Expr.Scan(
                Array.empty<Expr>,
                [| xs |],
                Func<Expr[], Expr[], struct (Expr[] * Expr[])>(fun _ e ->
                    struct ([||], [| y.Substitute(Dictionary(dict [ all[0], e[0] ])) |]))
            )

        outputs[0]

let private rewritten (_: Expr[]) (y: Expr) =
    Pass.RunAll(Pipeline.Passes, Cv.Compiler.Graph([| y |]).ForInference()).Outputs[0]

let private expanded (_: Expr[]) (y: Expr) =
    y.Rebuild(fun node operands ->
        let now = node.With operands

        match now.Op with
        | :? Checkpoint ->
            match now.Op.Expand now with
            | null -> now
            | opened -> opened
        | _ -> now)

let private trained (_: Expr[]) (y: Expr) =
    Cv.Compiler.Graph([| y |]).ForTraining().Outputs[0]

let private narrowed (_: Expr[]) (y: Expr) =
    y.WithDType(DType.F32).WithDType(DType.F64)

/// Gives every leaf another name.
let private renamed (all: Expr[]) (y: Expr) =
    let map = Dictionary()

    for leaf in all do
        map[leaf] <- Expr.Input((leaf.Op :?> Input).Id, leaf.Shape, leaf.DType) * 1.0

    y.Substitute map

/// Makes two operands of a body one node.
let private merged (all: Expr[]) (y: Expr) =
    match
        all
        |> Array.groupBy _.Type
        |> Array.map snd
        |> Array.tryFind (fun same -> same.Length > 1)
    with
    | Some same -> y.Substitute(Dictionary(dict [ same[1], same[0] ]))
    | None -> y

/// What is done to a graph, given the leaves that it may be done by.
let private ways: (string * (Expr[] -> Expr -> Expr)) list = [
    "gradient", gradient
    "jvp", jvp
    "batch", batch
    "in a checkpoint", within
    "in a scan", inLoop
    "passes", rewritten
    "expanded", expanded
    "for training", trained
    "to f32 and back", narrowed
    "substituted", renamed
    "operands made one", merged
]

/// The graph without bodies, and the graph itself, are the same function after whatever is done to both.
let private agree what (change: Expr[] -> Expr -> Expr) (graph: GraphCase) =
    let plain = Unrolled.Of(graph.Y)[graph.Y]
    let all = leaves plain
    let expected, actual = change all plain, change all graph.Y
    let values = Evaluate.randomBindings graph.Seed [ graph.Y; plain ]
    Expect.equal actual.Type expected.Type $"{what}: the type"
    let wanted, found = interpreted [ expected ] values, interpreted [ actual ] values

    if not (near 1e-9 found wanted) then
        failtest $"{what}: %A{found} where the graph without bodies has %A{wanted}\n{graph}"

let private holdsBody (graph: GraphCase) =
    Expr.Nodes graph.Y |> Seq.exists (fun node -> node.Op :? Closure)

let private each name count (property: GraphCase -> unit) =
    testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = count } name
    <| Prop.forAll seed (fun seed ->
        let graph = RandomGraphs.Grow(seed, options)

        if holdsBody graph then
            property graph)

let private x = Expr.Input("x", shape [ 3; 4 ], DType.F64)
let private t = Expr.Input("t", shape [ 3; 4 ], DType.F64)

[<Tests>]
let tests =
    testList "bodies" [
        for name, change in ways do
            each $"{name} of a body is that of what it computes" 60 (agree name change)

        each "so are two of them, one after the other" 300 (fun graph ->
            let random = Random graph.Seed
            let first, change = ways[random.Next ways.Length]
            let second, again = ways[random.Next ways.Length]
            agree $"{second} of {first}" (fun all -> change all >> again all) graph)

        each "bodies print as code" 40 (fun graph ->
            for text in [ GraphCode.CSharp graph.Y; GraphCode.FSharp graph.Y ] do
                Expect.isFalse
                    (text.Contains "Body("
                     || text.Contains "->("
                     || text.Contains "new Scan"
                     || text.Contains "Part(")
                    text)

        testCase "constants that a derivative brings stay with a checkpoint"
        <| fun () ->
            let y = x.Checkpoint(fun v -> v.MeanSquaredError t)
            let plain = x.MeanSquaredError t
            let all = leaves plain
            let values = Evaluate.randomBindings 1 [ y ]

            for what, change in
                [ "jvp", jvp all; "jvp of jvp", jvp all >> jvp all; "batch", batch all; "batch of jvp", jvp all >> batch all ] do
                Expect.isTrue (near 1e-12 (interpreted [ change y ] values) (interpreted [ change plain ] values)) what

        testCase "two operands that a rewrite makes one have one cotangent"
        <| fun () ->
            let of' (a: Expr) (b: Expr) =
                Expr.Checkpoint(Func<Expr[], Expr>(fun v -> (v[0] * v[1].Sin()).Sum()), a, b)

            let y = (of' x t).Substitute(Dictionary(dict [ t, x ]))
            let plain = (x * x.Sin()).Sum()
            let values = Evaluate.randomBindings 1 [ plain ]

            Expect.isTrue
                (near 1e-12 (interpreted [ Gradient.Of(y, x)[0] ] values) (interpreted [ Gradient.Of(plain, x)[0] ] values))
                "the gradient"

        testCase "checkpoints twelve deep"
        <| fun () ->
            let rec deep depth (v: Expr) =
                if depth = 0 then
                    v.Tanh() * t
                else
                    v.Checkpoint(fun inner -> deep (depth - 1) (inner + 0.25))

            let y = deep 12 x
            let outputs = [ y; Gradient.Of(y.Sum(), x)[0] ]
            let values = Evaluate.randomBindings 1 outputs
            Expect.isTrue (near 1e-12 (compiled VectorWidth.Bits256 1 outputs values) (interpreted outputs values)) "compiled"
    ]
