module Cv.Tests.FSharpFaceTests

open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Cv.Tests.Evaluate
open Expecto

let private same (a: Expr) (b: Expr) = obj.ReferenceEquals(a, b)
let private text (e: Expr) = e.ToString()

/// Both faces build the same node, but for which layers are in it.
let private faces name (fsharp: Expr) (csharp: Expr) =
    testCase name
    <| fun () -> Expect.isTrue (alike fsharp csharp) $"{fsharp} is {csharp}"

let private x = input "x" [ N; D 4 ]
let private w = parameter "w" [ 4; 3 ] Initialiser.He
let private b = parameter "b" [ 1; 3 ] Initialiser.Zeros
let private y = labels "labels"
let private scores = x *@ w + b
let private mask = x .> 0.0

let private photos = input "photos" (batch [ 8; 8; 4 ])
let private filters = parameter "filters" [ 3; 3; 4; 6 ] Initialiser.He

let private leaves =
    testList "leaves" [
        for name, node, expected in
            [
                "a batch of rows", x, "input \"x\" : f32[N,4]"
                "a batch of images", input "x" (batch [ 28; 28; 1 ]), "input \"x\" : f32[N,28,28,1]"
                "a symbol", input "x" [ Symbol "T"; D 2 ], "input \"x\" : f32[T,2]"
                "a scalar", input "rate" [], "input \"rate\" : f32[]"
                "another dtype", inputOf DType.F64 "x" [ D 2 ], "input \"x\" : f64[2]"
                "labels", y, "input \"labels\" : i32[N]"
                "a parameter", w, "parameter \"w\" : f32[4,3]"
                "a state", state "s" [ 2 ] 1.0, "state \"s\" : f32[2]"
                "a constant", constant 2.5, "const 2.5 : f32[]"
            ] do
            testCase name <| fun () -> Expect.equal (text node) expected "the leaf"

        testCase "a literal"
        <| fun () -> Expect.sequenceEqual (literal [ 2; 2 ] [ 1.0; 2.0; 3.0; 4.0 ] |> value []) [ 1.0; 2.0; 3.0; 4.0 ] "values"
    ]

let private operators =
    testList "operators" [
        faces "x * w + 1.0f" (x * x + 1.0f) ((x * x) + x.Like 1.0)
        faces "1.0f - x" (1.0f - x) (x.Like 1.0 - x)
        faces "2.0 * x" (2.0 * x) (x.Like 2.0 * x)
        faces "x / 2.0" (x / 2.0) (x / x.Like 2.0)
        faces "float32 and float literals are one" (x + 0.1f) (x + 0.1)
        faces "minus" -x (Expr.op_UnaryNegation x)
        faces "x *@ w + b" scores (x.MatMul(w) + b)
        faces "F#'s own functions" (exp (log (sqrt (abs (tanh x))))) (x.Tanh().Abs().Sqrt().Log().Exp())
        faces "F#'s sin and cos" (sin x + cos x) (x.Sin() + x.Cos())
        faces "x ** 2.0" (x ** 2.0) (x.Pow 2.0)
        faces "x ** 2.0f" (x ** 2.0f) (x.Pow 2.0)
        faces "x ** x" (x ** x) (x.Pow x)
        faces "x .> 0.0" mask (Expr.op_GreaterThan (x, x.Like 0.0))
        faces "x .> 0.0f" (x .> 0.0f) mask
        faces "0.0 .< x" (0.0 .< x) (Expr.op_LessThan (x.Like 0.0, x))
        faces "x .>= x" (x .>= x) (Expr.op_GreaterThanOrEqual (x, x))
        faces "x .<= 1.0" (x .<= 1.0) (Expr.op_LessThanOrEqual (x, x.Like 1.0))
        faces "x .= x" (x .= x) (x.EqualTo x)
        faces "masks" (complement mask &&& mask ||| mask) (Expr.op_BitwiseOr (Expr.op_BitwiseAnd (Expr.op_LogicalNot mask, mask), mask))

        testCase "numbers keep their own functions"
        <| fun () -> Expect.equal (exp 0.0 + abs -1.0 ** 2.0) 2.0 "exp 0 + |-1|^2"
    ]

let private functions =
    testList "functions" [
        faces "sigmoid" (sigmoid x) (x.Sigmoid())
        faces "erf" (erf x) (x.Erf())
        faces "log1p" (log1p x) (x.Log1p())
        faces "expm1" (expm1 x) (x.Expm1())
        faces "sign" (signOf x) (x.Sign())
        faces "maximum" (maximum x (x * x)) (x.Maximum(x * x))
        faces "minimum" (minimum x (x * x)) (x.Minimum(x * x))
        faces "at least" (x |> atLeast 0.0) (x.Maximum 0.0)
        faces "at most" (x |> atMost 6.0) (x.Minimum 6.0)
        faces "select" (select mask x -x) (Expr.Select(mask, x, -x))
        faces "cast" (cast DType.F64 x) (x.Cast DType.F64)
        faces "stop gradient" (stopGradient x) (x.StopGradient())
        faces "sum" (sum x) (x.Sum())
        faces "sum over" (x |> sumOver [ 1 ]) (x.Sum 1)
        faces "sum along" (x |> sumAlong [ 1 ]) (x.Sum([| 1 |], true))
        faces "mean" (mean x) (x.Mean())
        faces "mean over" (x |> meanOver [ 0 ]) (x.Mean 0)
        faces "mean along" (x |> meanAlong [ 0 ]) (x.Mean([| 0 |], true))
        faces "variance over" (x |> varianceOver [ 0 ]) (x.Variance 0)
        faces "variance along" (x |> varianceAlong [ -1 ]) (x.Variance([| -1 |], true))
        faces "norm over" (x |> normOver [ 0 ]) (x.Norm 0)
        faces "norm along" (x |> normAlong [ -1 ]) (x.Norm([| -1 |], true))
        faces "std over" (x |> stdOver [ 0 ]) (x.Std 0)
        faces "std along" (x |> stdAlong [ -1 ]) (x.Std([| -1 |], true))
        faces "pairwise distances" (x |> pairwiseDistances (x * 2.0)) (x.PairwiseDistances(x * 2.0))
        faces "binary cross-entropy" (x |> binaryCrossEntropy (sigmoid x)) (x.BinaryCrossEntropy(x.Sigmoid()))
        faces "when training" (x |> whenTraining -x) ((-x).WhenTraining x)
        faces "remember" (x |> remember (state "s" [] 0.0) (sum w)) (x.Remember(Expr.State("s", fixedShape []), w.Sum()))
        faces "max over" (x |> maxOver [ -1 ]) (x.Max -1)
        faces "max along" (x |> maxAlong [ -1 ]) (x.Max([| -1 |], true))
        faces "min over" (x |> minOver []) (x.Min())
        faces "min along" (x |> minAlong [ 0 ]) (x.Min([| 0 |], true))
        faces "arg max" (x |> argMax -1) (x.ArgMax -1)
        faces "matmul, as on paper" (matmul x w) (x.MatMul w)
        faces "convolution" (photos |> conv2d Padding.Same filters) (photos.Conv2d(filters, padding = Padding.Same))
        faces
            "transposed convolution"
            (photos |> convTranspose2d 2 (Padding.Of 1) (permute [ 0; 1; 3; 2 ] filters))
            (photos.ConvTranspose2d(filters.Transpose(0, 1, 3, 2), 2, Padding.Of 1))
        faces "transpose" (transpose w) (w.T())
        faces "permute" (permute [ 1; 0 ] w) (w.Transpose(1, 0))
        faces "reshape" (reshape [ 2; -1 ] w) (w.Reshape(2, -1))
        faces "reshape to symbols" (reshapeTo [ N; D 2; D 2 ] x) (x.Reshape(shape [ N; D 2; D 2 ]))
        faces "broadcast" (broadcastTo [ D 5; D 3 ] b) (b.BroadcastTo(fixedShape [ 5; 3 ]))
        faces "concat" (concat 0 [ w; w ]) (Expr.Concat(0, w, w))
        faces "slice" (w |> slice 0 1 2) (w.Slice(0, 1, 2))
        faces "flip" (flip -1 w) (w.Flip 1)
        faces "crop" (input "i" (batch [ 5; 6; 3 ]) |> crop (1, 2) (3, 4)) ((Expr.Input("i", shape (batch [ 5; 6; 3 ]))).Crop(1, 2, 3, 4))
        faces "einsum" (einsum "ni,ij->nj" [ x; w ]) (x.MatMul w)
        faces "log-sum-exp over" (x |> logSumExpOver [ -1 ]) (x.LogSumExp -1)
        faces "log-sum-exp along" (x |> logSumExpAlong [ 1 ]) (x.LogSumExp([| 1 |], true))
        faces
            "uniform"
            (uniform [ N; D 4 ] (inputOf DType.I32 "step" []) 3u)
            (Expr.Uniform(x.Shape, Expr.Input("step", shape [], DType.I32), 3u))
        faces "one-hot" (oneHot 3 y) (y.OneHot 3)
        faces "pick" (scores |> pick y) (scores.Pick y)
    ]

let private composites =
    testList "composites" [
        faces "softmax" (softmax scores) (scores.Softmax())
        faces "log-softmax" (logSoftmax scores) (scores.LogSoftmax())
        faces "softmax cross-entropy" (scores |> softmaxCrossEntropy y) (scores.SoftmaxCrossEntropy y)
        faces "svm" (scores |> multiclassSvm y) (scores.MulticlassSvm y)
        faces "svm of a margin" (scores |> multiclassSvmOf 2.0 y) (scores.MulticlassSvm(y, 2.0))
        faces "squared hinge" (scores |> multiclassSquaredHinge y) (scores.MulticlassSquaredHinge y)
        faces "mean squared error" (x |> meanSquaredError (2.0 * x)) (x.MeanSquaredError(2.0 * x))
        faces "accuracy" (scores |> accuracy y) (scores.Accuracy y)
        faces "penalties" (l2 w + l1 w + elastic 0.5 w) (w.L2() + w.L1() + w.Elastic 0.5)
        faces "relu" (relu x) (x.Relu())
        faces "leaky relu" (leakyRelu 0.1 x) (x.LeakyRelu 0.1)
        faces "a pipeline is a fluent model" (x |> dense 256 |> relu |> dense 10) (Model.Input(4).Dense(256).Relu().Dense(10).Output)
        faces "dense from" (x |> denseFrom Initialiser.Xavier 5) (x.Dense(5, Initialiser.Xavier))
        faces "linear" (x |> linear "l" 5) (x.Linear(5, "l"))
        faces "batch norm" (batchNorm x) (x.BatchNorm())
        faces "dropout" (dropout 0.25 x) (x.Dropout 0.25)
        faces "layer norm" (layerNorm x) (x.LayerNorm())
        faces "conv" (photos |> conv 6 3) (photos.Conv(6, 3))
        faces "padded conv" (photos |> paddedConv Padding.Same 6 3) (photos.Conv(6, 3, padding = Padding.Same))
        faces "strided conv" (photos |> stridedConv 2 Padding.Same 6 3) (photos.Conv(6, 3, 2, Padding.Same))
        faces "grouped conv" (photos |> groupedConv 2 (Padding.Of 1) 6 3) (photos.Conv(6, 3, padding = Padding.Of 1, groups = 2))
        faces "depthwise conv" (photos |> depthwiseConv Padding.Same 3) (photos.DepthwiseConv(3, padding = Padding.Same))
        faces "conv transpose" (photos |> convTranspose 2 Padding.Same 6 3) (photos.ConvTranspose(6, 3, 2, Padding.Same))
        faces "max pool" (maxPool 2 photos) (photos.MaxPool(2, 2))
        faces "strided max pool" (photos |> stridedMaxPool 1 (Padding.Of 1) 3) (photos.MaxPool(3, 1, Padding.Of 1))
        faces "min pool" (minPool 2 photos) (photos.MinPool(2, 2))
        faces "avg pool" (avgPool 2 photos) (photos.AvgPool(2, 2))
        faces "global pools" (globalAvgPool photos + globalMaxPool photos) (photos.GlobalAvgPool() + photos.GlobalMaxPool())
        faces
            "a pipeline of images"
            (model
                [ 28; 28; 1 ]
                (paddedConv (Padding.Of 2) 6 5
                 >> relu
                 >> maxPool 2
                 >> conv 16 5
                 >> relu
                 >> maxPool 2
                 >> flatten
                 >> dense 10))
                .Output
            (Model
                .Input(28, 28, 1)
                .Conv(6, 5, padding = Padding.Of 2)
                .Relu()
                .MaxPool(2)
                .Conv(16, 5)
                .Relu()
                .MaxPool(2)
                .Flatten()
                .Dense(10)
                .Output)
        faces
            "a model of layers"
            (model [ 28; 28; 1 ] (flatten >> dense 10 >> tanh)).Output
            (Model.Input(28, 28, 1).Flatten().Dense(10).Tanh().Output)
        faces "apply" (apply (x |> dense 2 |> modelOf x) (2.0 * x)) ((2.0 * x).Linear(2, "dense1"))

        testCase "optimisers"
        <| fun () ->
            Expect.equal (gradientDescent 0.1) (Optimiser.GradientDescent 0.1) "gradient descent"
            Expect.equal (momentum 0.1) (Optimiser.Momentum 0.1) "momentum"
            Expect.equal (nesterov 0.1) (Optimiser.Nesterov 0.1) "nesterov"
            Expect.equal (adam 0.1) (Optimiser.Adam 0.1) "adam"
    ]

let private derivatives =
    let image, label = input "image" [ D 4 ], inputOf DType.I32 "label" []
    let v = input "v" [ D 4; D 3 ]
    let logits = reshape [ 3 ] (reshape [ 1; 4 ] image *@ w)
    let loss = -(logits |> logSoftmax |> pick label)

    testList "derivatives" [
        faces "gradient" (gradient loss [ w ]).Head (Gradient.Of(loss, w)[0])
        faces "gradient or zero" (gradientOrZero loss [ w; b ] |> List.last) (b.Like(0.0).BroadcastTo b.Shape)
        faces "vjp" (vjp logits (exp logits) [ w; image ] |> List.last) (Vjp.Of(logits, logits.Exp(), [| image |])[0])
        faces "jvp" (jvp logits [ w, v ]) (Jvp.Of(logits, [| w |], [| v |]))
        faces "jacobian" (jacobian logits image) (Jacobian.Reverse(logits, image))
        faces "jacobian, forward" (jacobianForward logits image) (Jacobian.Forward(logits, image))
        faces "hessian" (hessian loss image) (Hessian.Of(loss, image))
        faces "hessian times" (hessianTimes loss [ w, v ]).Head (Hessian.Times(loss, [| w |], [| v |])[0])
        faces "vmap" (loss |> vmap N [ image; label ]) (Vmap.Of(loss, Dim "N", image, label))
        faces "straight through" (w |> straightThrough (signOf w)) (w.Sign().StraightThrough w)

        testCase "together"
        <| fun () ->
            let value, gradients = valueAndGradient loss [ w ]
            let curvature = hessianTimes loss [ w, v ]
            let ofEachImage = gradients.Head |> vmap N [ image; label ]

            Expect.isTrue (same value loss) "the loss"

            Expect.equal
                (curvature.Head.Type, text ofEachImage)
                (w.Type, $"{ofEachImage.Op.Name}{ofEachImage.Op.Attributes} : f32[N,4,3]")
                "types"
    ]

let private patterns =
    testList "patterns" [
        testCase "a node, its op and its operands"
        <| fun () ->
            match tanh (x * 2.0f + 1.0) with
            | Node(:? Tanh, [ Add(Mul(Name name, Number two), Number one) ]) -> Expect.equal (name, two, one) ("x", 2.0, 1.0) "its parts"
            | other -> failtest $"not opened: {other}"

        testCase "each arithmetic pattern opens its op alone"
        <| fun () ->
            let opened e =
                match e with
                | Add(a, _) -> "add", a
                | Sub(a, _) -> "sub", a
                | Mul(a, _) -> "mul", a
                | Div(a, _) -> "div", a
                | MatMul(a, _) -> "matmul", a
                | Neg a -> "neg", a
                | other -> "none", other

            for e, name in [ x + x, "add"; x - x, "sub"; x * x, "mul"; x / x, "div"; x *@ w, "matmul"; -x, "neg" ] do
                Expect.equal (opened e) (name, x) name

            Expect.equal (fst (opened (tanh x))) "none" "another op"
    ]

let private compiling =
    testList "compiling" [
        testCase "a function and its gradient"
        <| fun () ->
            // the notes' circuit: (x + y) z
            let x, y, z = input "x" [], input "y" [], input "z" []
            let f = (x + y) * z
            let given = [ "x", tensor [] [ -2.0f ]; "y", tensor [] [ 5.0f ]; "z", tensor [] [ -4.0f ] ]
            let items outputs = [ for output: Tensor in call (compile outputs) given -> output.Item() ]
            Expect.equal (items (f :: gradient f [ x; y; z ])) [ -12.0; -4.0; -4.0; 3.0 ] "value and gradients"

        testCase "parameters from a seed"
        <| fun () ->
            let f = compileWith (CompileOptions(Threads = 1)) [ scores ]
            use state = initialise 1UL f
            let given = [ "x", tensor [ 1; 4 ] [ 1.0f; 0.0f; 0.0f; 0.0f ] ]
            let actual = (given |> callWith state f |> List.head).ToDoubles()
            Expect.sequenceEqual actual (state["w"].ToDoubles() |> Array.take 3) "the first row of w"

        testCase "a model is trained"
        <| fun () ->
            let ofTopScore = metric "top score" (fun _ scores -> scores.Max(-1).Mean())
            let net = model [ 2 ] (dense 8 >> tanh >> dense 2)
            let images = tensor [ 4; 2 ] [ 0.0f; 0.0f; 0.0f; 1.0f; 1.0f; 0.0f; 1.0f; 1.0f ]
            let exclusiveOr = [ "x", images; "labels", labelTensor [ 0; 1; 1; 0 ] ]

            for name, program in
                [
                    "plain", net |> compileTraining softmaxCrossEntropy (adam 0.05)
                    "penalised", net |> compilePenalised (fun w -> 1e-4 * l2 w) multiclassSvm (adam 0.05)
                    "measured",
                    net
                    |> compileMeasured [ Metric.Accuracy; ofTopScore ] softmaxCrossEntropy (adam 0.05)
                ] do
                use state = program.Initialise 1UL

                for _ in 1..200 do
                    exclusiveOr |> callWith state program.Step |> ignore

                let scores =
                    (exclusiveOr |> List.take 1 |> callWith state program.Predict |> List.head).ToArray<float32>()

                let right = [ for i in 0..3 -> scores[2 * i + 1] > scores[2 * i] ]
                Expect.equal right [ false; true; true; false ] name

                match exclusiveOr |> callWith state program.Evaluate with
                | [ _ ] -> Expect.isEmpty program.Evaluate.Metrics name
                | [ _; accuracy; top ] ->
                    Expect.equal [ for m in program.Step.Metrics -> m.Name ] [ "accuracy"; "top score" ] "names"
                    Expect.equal (accuracy.Item()) 1.0 name

                    Expect.floatClose
                        Accuracy.medium
                        (top.Item())
                        (Seq.average [ for i in 0..3 -> float (max scores[2 * i] scores[2 * i + 1]) ])
                        "top"
                | outputs -> failtest $"{outputs.Length} outputs"
    ]

[<Tests>]
let tests =
    testList "F# face" [ leaves; operators; functions; composites; derivatives; patterns; compiling ]
