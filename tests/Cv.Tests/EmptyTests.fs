/// A batch of nothing: every op, layer, loss and model gives a defined result or a typed error, and no state is spoilt.
module Cv.Tests.EmptyTests

open System
open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private symbolic name (dims: int list) dtype =
    Expr.Input(name, shapeOf (Dim "N" :: List.map (fun (d: int) -> Dim d) dims), dtype)

let private x = symbolic "x" [ 6 ] DType.F32
let private images = symbolic "images" [ 6; 6; 2 ] DType.F32
let private labels = symbolic "labels" [] DType.I32
let private targets = symbolic "targets" [ 6 ] DType.F32
let private w = Expr.Parameter("w", shape [ 6; 4 ], null, DType.F32)

let private nothing (name: string) (e: Expr) =
    let dims =
        e.Shape.Dims.ToArray() |> Array.map (fun d -> if d.IsKnown then d.Value else 0)

    Binding(name, Tensor.From(shape (List.ofArray dims), Array.empty<float>).Cast e.DType)

/// One way of everything that takes a batch.
let private functions: (string * (unit -> Expr)) list = [
    "arg_max", (fun () -> x.ArgMax 1)
    "arg_max over the batch", (fun () -> x.ArgMax 0)
    "sum", (fun () -> x.Sum())
    "sum over rows", (fun () -> x.Sum 0)
    "mean", (fun () -> x.Mean())
    "mean over rows", (fun () -> x.Mean 0)
    "max", (fun () -> x.Max 1)
    "max over rows", (fun () -> x.Max 0)
    "min", (fun () -> x.Min())
    "variance", (fun () -> x.Variance 1)
    "variance over rows", (fun () -> x.Variance 0)
    "norm", (fun () -> x.Norm 1)
    "norm over rows", (fun () -> x.Norm 0)
    "std", (fun () -> x.Std 1)
    "std over rows", (fun () -> x.Std 0)
    "pairwise distances", (fun () -> x.PairwiseDistances())
    "log_sum_exp", (fun () -> x.LogSumExp 1)
    "log_sum_exp over rows", (fun () -> x.LogSumExp 0)
    "softmax", (fun () -> x.Softmax())
    "log_softmax", (fun () -> x.LogSoftmax())
    "matmul", (fun () -> x.MatMul w)
    "matmul over nothing", (fun () -> x.T().MatMul x)
    "broadcast", (fun () -> x + Expr.Parameter("row", shape [ 1; 6 ], null, DType.F32))
    "transpose", (fun () -> x.T())
    "reshape", (fun () -> x.Reshape(-1, 3, 2))
    "flip", (fun () -> x.Flip 1)
    "slice", (fun () -> x.Slice(1, 1, 3))
    "pad", (fun () -> x.Pad(1, 1, 1))
    "concat", (fun () -> Expr.Concat(1, x, x))
    "select", (fun () -> Expr.Select(Expr.op_GreaterThan (x, 0.0f), x, x.Like 0.0))
    "one hot", (fun () -> labels.OneHot 4)
    "pick", (fun () -> x.Pick labels)
    "uniform", (fun () -> x * Expr.Uniform(x.Shape, Expr.State("step", shape [], 0.0, DType.I32), 1u))
    "einsum", (fun () -> Expr.Einsum("nk,kd->nd", x, w))
    "checkpoint", (fun () -> x.Checkpoint(fun v -> v.Tanh()))
    "scan over the batch",
    (fun () ->
        (Expr.Scan(Expr.Const(0.0).BroadcastTo(shape [ 6 ]), x, (fun h v -> h + v))).ToTuple()
        |> fst)
    "iterate", (fun () -> x.Iterate(Dim 3, fun v -> v * 0.5f))
    "conv", (fun () -> images.Conv(3, 3))
    "strided conv", (fun () -> images.Conv(3, 3, 2, Padding.Same))
    "depthwise conv", (fun () -> images.DepthwiseConv 3)
    "conv transpose", (fun () -> images.ConvTranspose(3, 3, 2))
    "max pool", (fun () -> images.MaxPool 2)
    "min pool", (fun () -> images.MinPool 2)
    "avg pool", (fun () -> images.AvgPool 2)
    "global avg pool", (fun () -> images.GlobalAvgPool())
    "global max pool", (fun () -> images.GlobalMaxPool())
    "crop", (fun () -> images.Crop(1, 1, 4, 4))
    "flatten", (fun () -> images.Flatten())
    "dense", (fun () -> x.Dense 4)
    "batch norm", (fun () -> x.BatchNorm())
    "batch norm of images", (fun () -> images.BatchNorm())
    "layer norm", (fun () -> x.LayerNorm())
    "group norm", (fun () -> images.GroupNorm 2)
    "dropout", (fun () -> x.Dropout 0.5)
    "prelu", (fun () -> x.Prelu())
    "maxout", (fun () -> x.Maxout 2)
    "gelu", (fun () -> x.Gelu())
    "softmax cross-entropy", (fun () -> x.SoftmaxCrossEntropy labels)
    "binary cross-entropy", (fun () -> x.BinaryCrossEntropy targets)
    "multiclass svm", (fun () -> x.MulticlassSvm labels)
    "multiclass squared hinge", (fun () -> x.MulticlassSquaredHinge labels)
    "focal loss", (fun () -> x.FocalLoss labels)
    "label smoothing", (fun () -> x.LabelSmoothing labels)
    "hinge", (fun () -> x.Hinge targets)
    "squared hinge", (fun () -> x.SquaredHinge targets)
    "mean squared error", (fun () -> x.MeanSquaredError targets)
    "huber", (fun () -> x.Huber targets)
    "smooth L1", (fun () -> x.SmoothL1 targets)
    "kl divergence", (fun () -> x.KlDivergence targets)
    "cosine similarity", (fun () -> x.CosineSimilarity targets)
    "contrastive", (fun () -> x.Contrastive(targets, labels))
    "triplet", (fun () -> x.Triplet(targets, x * 2.0f))
    "accuracy", (fun () -> x.Accuracy labels)
    "a random flip", (fun () -> images.RandomFlip())
    "a random shift", (fun () -> images.RandomShift 1)
    "cutout", (fun () -> images.Cutout 2)
    "colour jitter", (fun () -> (symbolic "photos" [ 6; 6; 3 ] DType.F32).ColourJitter())
    "grey", (fun () -> (symbolic "photos" [ 6; 6; 3 ] DType.F32).Grey())
]

/// The graphs that are run: the value, and its gradient by inputs and parameters.
let private withGradients (y: Expr) =
    let wrt = [|
        for e in Expr.Nodes y do
            match e.Op with
            | :? Parameter
            | :? Input when e.DType.IsFloat() -> e
            | _ -> ()
    |]

    if y.DType.IsFloat() && wrt.Length > 0 then
        y :: List.ofSeq (Gradient.Of(y.Sum(), wrt, Unreached.Zero))
    else
        [ y ]

let private bindings (graph: Graph) = [|
    for e in graph.Nodes do
        match e.Op with
        | :? Input as leaf -> nothing leaf.Id e
        | _ -> ()
|]

let private stateOf (graph: Graph) =
    ModelState.Initialise(graph.Nodes |> Seq.filter (fun e -> e.Op :? Parameter || e.Op :? State), 3UL)

/// What a run gives, or the typed error that refuses it.
let private outcome run =
    try
        Choice1Of2(run ())
    with
    | :? GraphException as ex -> Choice2Of2 ex.Text
    | :? BindingException as ex -> Choice2Of2 ex.Text

let private numbers (tensors: Tensor seq) = [ for tensor in tensors -> tensor.ToDoubles() ]

let private results =
    testList "every function" [
        for name, make in functions do
            testCase name (fun () ->
                let graph = Graph(Array.ofList (withGradients (make ()))).ForInference()
                use state = stateOf graph

                let interpreted =
                    outcome (fun () -> numbers (Interpreter.Run(graph, state, bindings graph)))

                for width in Run.widths do
                    let f = Compile.Function(graph, CompileOptions(Width = width, Threads = 2))
                    let compiled = outcome (fun () -> numbers (f.Call(state, bindings graph)))

                    match interpreted, compiled with
                    | Choice1Of2 a, Choice1Of2 b -> Expect.isTrue (Run.near 1e-6 b a) $"{width}: %A{b}\nand interpreted %A{a}"
                    | Choice2Of2 a, Choice2Of2 b -> Expect.equal b a "one error"
                    | a, b -> failtest $"interpreted %A{a}\ncompiled %A{b}")
    ]

let private models: (string * Model) list = [
    "dense", Model.Input(6).Dense(5).BatchNorm().Relu().Dropout(0.5).Dense(3)
    "conv", Model.Input(6, 6, 2).Conv(3, 3).BatchNorm().Relu().MaxPool(2).Flatten().Dense(3)
    "layer norm", Model.Input(6).Dense(5).LayerNorm().Gelu().Dense(3)
]

let private optimisers: (string * Optimiser) list = [
    "sgd", Optimiser.GradientDescent 0.1
    "adam", Optimiser.Adam 0.1
    "momentum, clipped, decayed, averaged", Optimiser.Momentum(0.1).ClipNorm(1.0).WeightDecay(0.01).Average(0.9)
]

/// The bits of all that a state holds.
let private bits (state: ModelState) = [
    for name in state.Names -> name, state[name].ToDoubles() |> Array.map BitConverter.DoubleToInt64Bits
]

let private steps =
    testList "a training step" [
        for modelName, model in models do
            for optimiserName, optimiser in optimisers do
                testCase $"{modelName}, {optimiserName}" (fun () ->
                    let program =
                        Training.Compile(model, (fun scores labels -> scores.SoftmaxCrossEntropy labels), optimiser)

                    use state = program.Initialise 5UL
                    let before = bits state
                    let input = Expr.Nodes model.Output |> Seq.find (fun e -> e.Op :? Input)
                    let batch = [| nothing "x" input; Binding("labels", Tensor.From(shape [ 0 ], Array.empty<float>).Cast DType.I32) |]

                    Expect.throwsC (fun () -> program.Step.Call(state, batch) |> ignore) (fun ex ->
                        Expect.isTrue (ex :? BindingException) $"{ex.GetType().Name}: {ex.Message}"

                        Expect.equal
                            (Mistakes.text ex)
                            $"call: what a call updates must be made of an element at least; got input \"x\" with none, {batch[0].Value.Type}, and updates of parameters or states. Skip an empty batch."
                            "the text"
                        |> ignore)

                    Expect.equal (bits state) before "the state"
                    // judged, an empty batch has a mean of nothing
                    for result in numbers (program.Evaluate.Call(state, batch)) do
                        Expect.isTrue (Array.forall Double.IsNaN result) $"%A{result}")

        testCase "interpreted as well"
        <| fun () ->
            let seen = Expr.State("seen", shape [], 0.0, DType.F32)
            let y = x.Mean()

            let graph =
                Graph(ImmutableArray.Create y, ImmutableArray.Create(Update(seen, seen + y)))

            use state = stateOf graph
            Expect.throwsT<BindingException> (fun () -> Interpreter.Run(graph, state, nothing "x" x) |> ignore) "refused"
    ]

[<Tests>]
let tests = testList "nothing" [ results; steps ]
