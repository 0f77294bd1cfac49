/// Grouping nodes into kernels: the kernels can run in some order, whatever waits for what.
module Cv.Tests.FusionTests

open System
open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.Testing
open Cv.Tests.Generators
open Cv.Tests.Run
open Expecto
open FsCheck
open FsCheck.FSharp

/// Graphs in which every third node is a scan, a checkpoint, a delay or a loss of labels.
let private options =
    GrowthOptions(Own = ImmutableArray.CreateRange(Seq.concat [ BodyGrowths.All :> seq<Growth>; DelayGrowths.All; LossGrowths.All ]))

/// A graph's result and its gradient by every float leaf.
let private withGradients (graph: GraphCase) =
    let leaves =
        Expr.Nodes graph.Y
        |> Seq.filter (fun node -> node.Op :? Input && node.DType.IsFloat())
        |> Array.ofSeq

    graph.Y :: List.ofSeq (Gradient.Of(graph.Y.Sum(), leaves, Unreached.Zero))

/// Each kernel reads what comes from outside or what a kernel before it stored.
let private isInOrder (schedule: Cv.Compiler.Schedule) =
    let stored = System.Collections.Generic.HashSet<Expr>()

    schedule.Steps
    |> Seq.forall (fun step ->
        let reads =
            step.Reads()
            |> Seq.forall (fun read -> Kernels.IsGiven read.Op || stored.Contains read)

        stored.UnionWith step.Stored
        reads)

let private scheduled dtype (outputs: Expr list) =
    let typed = outputs |> List.map _.WithDType(dtype) |> Array.ofList
    Fuse.Run(Pass.RunAll(Pipeline.Passes, Cv.Compiler.Graph(typed).ForInference()))

let private x = Expr.Input("x", shape [ 4; 6 ])
let private w = Expr.Input("w", shape [ 4; 6 ])
let private t = Expr.Input("t", shape [ 4; 6 ])

let private blocks: (string * (Expr -> Expr)) list = [
    "gelu", _.Gelu()
    "swish", _.Swish()
    "mish", _.Mish()
    "elu", _.Elu()
    "softplus", _.Softplus()
    "selu", _.Selu()
    "cosine similarity", (fun v -> v.CosineSimilarity(t).Sum() * v)
    "softmax", _.Softmax()
    "variance", (fun v -> v / (v.Variance([| 1 |], true) + 1.0).Sqrt())
]

[<Tests>]
let tests =
    testList "fusion" [
        testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 1500 } "no kernels wait for each other"
        <| Prop.forAll seed (fun seed ->
            let outputs = withGradients (RandomGraphs.Grow(seed, options))

            for dtype in [ DType.F32; DType.F64 ] do
                Expect.isTrue (isInOrder (scheduled dtype outputs)) $"in order, {dtype}")

        // a mask that floated above one kernel, while what it reads came to have a later one
        for seed in [ 12741; 15298; 21968 ] do
            testCase $"seed {seed}"
            <| fun () -> Expect.isTrue (isInOrder (scheduled DType.F64 (withGradients (RandomGraphs.Grow(seed, options))))) "in order"

        for name, block in blocks do
            testCase $"the gradient of a checkpoint of {name}, whose cotangent is made of leaves alone"
            <| fun () ->
                let gradient (wrap: (Expr -> Expr) -> Expr -> Expr) =
                    let y: Expr = (wrap block x * (w * 2.0)).Mean()
                    y :: List.ofSeq (Gradient.Of(y, x, w))

                let kept = gradient (fun f v -> v.Checkpoint(Func<_, _> f))
                let values = Evaluate.randomBindings 3 kept
                let expected = interpreted (gradient id) values
                Expect.isTrue (near 1e-6 (compiled VectorWidth.Bits256 1 kept values) expected) "the values of the plain gradient"
    ]
