/// Gates, layers and losses by their gradients, and as compiled code: both against what the ops say of themselves.
module Cv.Tests.CompositeTests

open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Expecto

let private x = inputOf DType.F64 "x" [ D 4; D 6 ]
let private scores = inputOf DType.F64 "scores" [ D 5; D 3 ]
let private y = inputOf DType.I32 "labels" [ D 5 ]

let private net =
    x
    |> dense 7
    |> relu
    |> dense 5
    |> leakyRelu 0.1
    |> dense 4
    |> tanh
    |> linear "scores" 3

let private photos = inputOf DType.F64 "photos" [ D 2; D 6; D 5; D 2 ]

let private convNet =
    photos
    |> paddedConv Padding.Same 4 3
    |> leakyRelu 0.1
    |> stridedMaxPool 1 (Padding.Of 1) 3
    |> groupedConv 2 (Padding.Of 1) 6 3
    |> tanh
    |> avgPool 1
    |> depthwiseConv Padding.Valid 2
    |> convTranspose 2 Padding.Same 3 3
    |> flatten
    |> dense 3

let private t = inputOf DType.F64 "t" [ D 4; D 6 ]
let private u = inputOf DType.F64 "u" [ D 4; D 6 ]
let private pairs = (inputOf DType.I32 "pairs" [ D 4 ]).Minimum 1.0

let private composites = [
    "relu", relu x
    "leaky relu", leakyRelu 0.1 x
    "prelu", prelu (inputOf DType.F64 "slope" [ D 1; D 6 ]) x
    "elu", elu 0.7 x
    "selu", selu x
    "gelu", gelu x
    "gelu by tanh", geluTanh x
    "softplus", softplus x
    "swish", swish x
    "mish", mish x
    "hard sigmoid", hardSigmoid (x * 2.0)
    "maxout", maxout 3 x
    "huber", x |> huber 0.9 t
    "smooth L1", x |> smoothL1 0.9 t
    "focal loss", scores |> focalLoss 2.0 y
    "focal loss of a root", scores |> focalLoss 0.5 y
    "focal loss of nothing", scores |> focalLoss 0.0 y
    "binary cross-entropy", x |> binaryCrossEntropy (sigmoid t)
    "binary cross-entropy of labels",
    meanAlong [ 1 ] x
    |> binaryCrossEntropy (pairs |> cast DType.Bool |> cast DType.I32)
    "norm", x |> normAlong [ 1 ]
    "std", x |> stdOver [ 0 ]
    "pairwise distances", x |> pairwiseDistances t
    "label smoothing", scores |> labelSmoothing 0.2 y
    "hinge", x |> hinge t
    "squared hinge", x |> squaredHinge t
    "kl divergence", logSoftmax x |> klDivergence (softmax t)
    "cosine similarity", x |> cosineSimilarity t
    "contrastive", x |> contrastive 6.0 t pairs
    "triplet", x |> triplet 0.2 t u
    "softmax", softmax scores
    "log-softmax", logSoftmax scores
    "softmax of images", softmax (inputOf DType.F64 "x" [ D 2; D 3; D 4 ])
    "softmax cross-entropy", scores |> softmaxCrossEntropy y
    "multiclass svm", scores |> multiclassSvm y
    "multiclass svm of a margin", scores |> multiclassSvmOf 2.5 y
    "multiclass squared hinge", scores |> multiclassSquaredHinge y
    "mean squared error", x |> meanSquaredError (inputOf DType.F64 "t" [ D 4; D 6 ])
    "L1", l1 x
    "L2", l2 x
    "elastic", elastic 0.3 x
    "max pool", maxPool 1 photos |> stridedMaxPool 1 (Padding.Of 1) 3
    "min pool", photos.MinPool(2, 3, Padding.Same)
    "avg pool", photos.AvgPool(3, 2, Padding.Same)
    "avg pool of pixels alone", photos.AvgPool(3, 2, Padding.Same, false)
    "global pools", globalAvgPool photos - globalMaxPool photos
    "conv", photos |> conv 3 2
    "conv of one pixel", photos |> conv 3 1 |> relu
    "conv of the whole image", photos.Slice(2, 0, 5).Slice(1, 0, 5) |> conv 3 5
    "conv, strided and dilated", photos.Conv(3, 2, 2, Padding.Same, 2)
    "depthwise conv", photos.DepthwiseConv(3, 1, Padding.Of(1, 2), multiplier = 2)
    "conv without biases", photos.Conv(2, 3, bias = false)
    "conv transpose", photos.ConvTranspose(4, 3, 2, Padding.Of 1, 1, groups = 2)
    "a convolutional net", convNet
    "linear", x |> linear "l" 3
    "a net", net
    "a net and its loss",
    (net |> softmaxCrossEntropy (inputOf DType.I32 "labels" [ D 4 ]))
    + 0.01 * l2 (Model(x, net)).Weights[0]
]

let private named (y: Expr) = Evaluate.named [ y ] |> List.distinct

/// A scalar of the node, and its gradients: the graph that training compiles.
let private withGradients (y: Expr) =
    let loss = sum (y * y)

    loss
    :: gradient loss [ for _, leaf in named y |> List.filter (fun (_, leaf) -> leaf.DType = DType.F64) -> leaf ]

let private tensorOf (leaf: Expr) (values: float[]) =
    Tensor.From(leaf.Shape, values).Cast leaf.DType

let private compiled =
    testList "compiled" [
        for name, y in composites do
            testCase name
            <| fun () ->
                let outputs = withGradients y
                let bindings = Evaluate.randomBindings 5 [ y ]
                let expected = Evaluate.program outputs bindings

                let tensors = [ for (name, leaf), (_, values) in List.zip (named y) bindings -> name, leaf, tensorOf leaf values ]

                let state =
                    new ModelState(
                        [
                            for name, leaf, tensor in tensors do
                                if leaf.Op :? Parameter then
                                    System.Collections.Generic.KeyValuePair(name, tensor)
                        ]
                    )

                let inputs = [
                    for name, leaf, tensor in tensors do
                        if leaf.Op :? Input then
                            name, tensor
                ]

                for width in [ VectorWidth.Bits128; VectorWidth.Bits256; VectorWidth.Auto ] do
                    let f = compileWith (CompileOptions(Width = width, Threads = 2)) outputs

                    for actual, values in List.zip (inputs |> callWith state f) expected do
                        for a, e in Array.zip (actual.ToDoubles()) values do
                            Expect.floatClose Accuracy.high a e $"at width {width}"
    ]

let private gradients =
    testList "gradients" [
        for name, y in composites do
            testCase name
            <| fun () ->
                for seed in 1..5 do
                    Differences.check seed y

        testCase "of softmax cross-entropy: probabilities less one-hot, over the batch"
        <| fun () ->
            let loss = scores |> softmaxCrossEntropy y
            let expected = (softmax scores - cast DType.F64 (oneHot 3 y)) / 5.0

            match Evaluate.program (expected :: gradient loss [ scores ]) (Evaluate.randomBindings 1 [ loss ]) with
            | [ formula; gradient ] ->
                for a, e in Array.zip gradient formula do
                    Expect.floatClose Accuracy.veryHigh a e "p - onehot"
            | _ -> failtest "two nodes"

        testCase "no gradient flows through the accuracy"
        <| fun () -> Expect.throwsT<GraphException> (fun () -> gradient (scores |> accuracy y) [ scores ] |> ignore) "it has none"

        testCase "of an svm whose margins hold: an exact 0"
        <| fun () ->
            let loss = scores |> multiclassSvm y

            let safe = [|
                for row in 0..4 do
                    for j in 0..2 -> if j = row % 3 then 9.0 else float j
            |]

            let right = [| for row in 0..4 -> float (row % 3) |]

            let g =
                Evaluate.program (gradient loss [ scores ]) [ "scores", safe; "labels", right ]

            Expect.all g.Head (fun v -> v = 0.0) "nothing to learn"
    ]

/// What a training step costs: the forward and backward pass of a loss over its scores.
let private budgets =
    testList "budgets" [
        for name, loss in [ "softmax cross-entropy", softmaxCrossEntropy; "multiclass svm", multiclassSvm ] do
            testCase $"{name}, forward and backward, walks the scores once"
            <| fun () ->
                let scores = input "s" [ N; D 10 ]
                let loss = scores |> loss (labels "labels")
                let f = compile (loss :: gradient loss [ scores ])
                let struct (kernels, _) = f.Measure(struct ("N", 256))
                Expect.isLessThanOrEqual kernels 2 "one over the scores, one that divides the sum"
    ]

[<Tests>]
let tests = testList "composites" [ gradients; compiled; budgets ]
