/// The worked examples of the CS231n course notes: from the DSL, differentiated, compiled, in f64 and in f32.
module Cv.Tests.WorkedExampleTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

/// A leaf: its name, its shape and its numbers.
type private Given = { Name: string; Dims: int list; Numbers: float list }

let private scalar name number = { Name = name; Dims = []; Numbers = [ number ] }
let private array name dims numbers = { Name = name; Dims = dims; Numbers = numbers }

/// What the notes ask for: outputs of a graph of inputs f64, the exact numbers, and how the notes print them.
type private Example = { Given: Given list; Graph: (string -> Expr) -> Expr list; Exact: float list list }

let private accuracies = [ DType.F64, 1e-6; DType.F32, 1e-4 ]

/// Runs the outputs compiled, at every width.
let private run dtype (example: Example) =
    let leaves =
        dict [ for given in example.Given -> given.Name, Expr.Input(given.Name, shape given.Dims, DType.F64) ]

    let outputs = example.Graph(fun name -> leaves[name]) |> List.map _.WithDType(dtype)
    let values = [ for given in example.Given -> given.Name, Array.ofList given.Numbers ]
    let used = Evaluate.named outputs |> List.map fst |> set
    [ for width in Run.widths -> Run.compiled width 1 outputs (values |> List.filter (fst >> used.Contains)) ]

let private example name example =
    testCase name (fun () ->
        for dtype, tolerance in accuracies do
            for actual in run dtype example do
                for i, (numbers, exact) in List.indexed (List.zip actual example.Exact) do
                    Expect.hasLength numbers exact.Length $"output {i}"

                    for number, exact in Seq.zip numbers exact do
                        Expect.isLessThan
                            (abs (number - exact))
                            tolerance
                            $"output {i} in {DTypes.Text dtype}: {number}, and exactly {exact}")

/// A value, then its gradients by these leaves.
let private withGradients (names: string list) (value: (string -> Expr) -> Expr) leaf = [
    let loss = value leaf
    loss
    yield! Gradient.Of(loss, [| for name in names -> leaf name |])
]

/// As the notes print a number.
let private printed digits (number: float) = Math.Round(number, (digits: int))

let private circuits =
    let s = 1.0 / (1.0 + exp -1.0)
    let ds = s * (1.0 - s)

    testList "circuits" [
        example "1: (x + y) z" {
            Given = [ scalar "x" -2.0; scalar "y" 5.0; scalar "z" -4.0 ]
            Graph = withGradients [ "x"; "y"; "z" ] (fun v -> (v "x" + v "y") * v "z")
            Exact = [ [ -12.0 ]; [ -4.0 ]; [ -4.0 ]; [ 3.0 ] ]
        }
        example "2: add distributes, max routes, mul switches" {
            Given = [ scalar "x" 3.0; scalar "y" -4.0; scalar "z" 2.0; scalar "w" -1.0 ]
            Graph = withGradients [ "x"; "y"; "z"; "w" ] (fun v -> 2.0 * (v "x" * v "y" + (v "z").Maximum(v "w")))
            Exact = [ [ -20.0 ]; [ -8.0 ]; [ 6.0 ]; [ 2.0 ]; [ 0.0 ] ]
        }
        example "3: a neuron" {
            Given = [ scalar "w0" 2.0; scalar "x0" -1.0; scalar "w1" -3.0; scalar "x1" -2.0; scalar "w2" -3.0 ]
            Graph = withGradients [ "w0"; "x0"; "w1"; "x1"; "w2" ] (fun v -> (v "w0" * v "x0" + v "w1" * v "x1" + v "w2").Sigmoid())
            Exact = [ [ s ]; [ -ds ]; [ 2.0 * ds ]; [ -2.0 * ds ]; [ -3.0 * ds ]; [ ds ] ]
        }
        testCase "3: as the notes print it"
        <| fun () ->
            Expect.equal
                ([ s; -ds; 2.0 * ds; -2.0 * ds; -3.0 * ds; ds ] |> List.map (printed 2))
                [ 0.73; -0.2; 0.39; -0.39; -0.59; 0.2 ]
                "rounded"
        example "4: sum of (W x)^2" {
            Given = [ array "W" [ 2; 2 ] [ 0.1; 0.5; -0.3; 0.8 ]; array "x" [ 2; 1 ] [ 0.2; 0.4 ] ]
            Graph = withGradients [ "W"; "x" ] (fun v -> ((v "W").MatMul(v "x")).Pow(2.0).Sum())
            Exact = [ [ 0.116 ]; [ 0.088; 0.176; 0.104; 0.208 ]; [ -0.112; 0.636 ] ]
        }
        example "5: a squared error" {
            Given = [ scalar "w" 0.8; scalar "b" 0.2; scalar "x" 1.5; scalar "t" 0.8 ]
            Graph = withGradients [ "w"; "b" ] (fun v -> 0.5 * (v "w" * v "x" + v "b" - v "t").Pow(2.0))
            Exact = [ [ 0.18 ]; [ 0.9 ]; [ 0.6 ] ]
        }
        example "9: W x + b" {
            Given = [
                array "W" [ 3; 4 ] [ 0.2; -0.5; 0.1; 2.0; 1.5; 1.3; 2.1; 0.0; 0.0; 0.25; 0.2; -0.3 ]
                array "x" [ 4; 1 ] [ 56.0; 231.0; 24.0; 2.0 ]
                array "b" [ 3; 1 ] [ 1.1; 3.2; -1.2 ]
            ]
            Graph = fun v -> [ (v "W").MatMul(v "x") + v "b" ]
            Exact = [ [ -96.8; 437.9; 60.75 ] ]
        }
    ]

let private labels (right: int list) =
    Expr.Literal(shape [ right.Length ], [| for label in right -> float label |], DType.I32)

let private cat, car, frog =
    [ 3.2; 5.1; -1.7 ], [ 1.3; 4.9; 2.0 ], [ 2.2; 2.5; -3.1 ]

let private losses =
    let svm name (rows: float list list) right exact =
        example name {
            Given = [ array "s" [ rows.Length; 3 ] (List.concat rows) ]
            Graph = fun v -> [ (v "s").MulticlassSvm(labels right) ]
            Exact = [ [ exact ] ]
        }

    let powers = List.map exp cat
    let p = powers |> List.map (fun power -> power / List.sum powers)

    testList "losses" [
        svm "6: SVM loss of the cat" [ cat ] [ 0 ] 2.9
        svm "6: SVM loss of the car" [ car ] [ 1 ] 0.0
        svm "6: SVM loss of the frog" [ frog ] [ 2 ] 12.9
        svm "6: SVM loss, mean" [ cat; car; frog ] [ 0; 1; 2 ] (15.8 / 3.0)
        example "6: SVM gradient: -2 for two violations, 1 for each" {
            Given = [ array "s" [ 1; 3 ] frog ]
            Graph = withGradients [ "s" ] (fun v -> (v "s").MulticlassSvm(labels [ 2 ]))
            Exact = [ [ 12.9 ]; [ 1.0; 1.0; -2.0 ] ]
        }
        example "7: softmax cross-entropy, and p - onehot" {
            Given = [ array "s" [ 1; 3 ] cat ]
            Graph = fun v -> [ (v "s").Softmax(); yield! withGradients [ "s" ] (fun v -> (v "s").SoftmaxCrossEntropy(labels [ 0 ])) v ]
            Exact = [ p; [ -log p[0] ]; [ p[0] - 1.0; p[1]; p[2] ] ]
        }
        testCase "7: as the notes print it"
        <| fun () ->
            Expect.equal (List.map (printed 2) p) [ 0.13; 0.87; 0.0 ] "probabilities"
            Expect.equal (printed 2 (-log p[0])) 2.04 "loss"
        for name, w in [ "w1", [ 1.0; 0.0; 0.0; 0.0 ]; "w2", [ 0.25; 0.25; 0.25; 0.25 ] ] do
            let squares = w |> List.sumBy (fun w -> w * w)

            example $"8: penalties of {name}" {
                Given = [ array "w" [ 4 ] w ]
                Graph =
                    fun v -> [
                        yield! withGradients [ "w" ] (fun v -> (v "w").L2()) v
                        yield! withGradients [ "w" ] (fun v -> (v "w").L1()) v
                        yield! withGradients [ "w" ] (fun v -> (v "w").Elastic 0.5) v
                    ]
                Exact = [
                    [ squares ]
                    [ for w in w -> 2.0 * w ]
                    [ 1.0 ]
                    [ for w in w -> float (sign w) ]
                    [ 0.5 * squares + 1.0 ]
                    [ for w in w -> w + float (sign w) ]
                ]
            }
        example "14: a constant added to all scores leaves the softmax loss as it was" {
            Given = [ array "s" [ 3; 3 ] (cat @ car @ frog) ]
            Graph =
                fun v ->
                    let loss (scores: Expr) =
                        scores.SoftmaxCrossEntropy(labels [ 0; 1; 2 ])

                    [ loss (v "s" + 3.0) - loss (v "s"); loss (v "s" - 10.0) - loss (v "s") ]
            Exact = [ [ 0.0 ]; [ 0.0 ] ]
        }
        example "14: scores of no SVM loss, doubled, have none" {
            Given = [ array "s" [ 1; 3 ] car ]
            Graph = fun v -> [ (v "s").MulticlassSvm(labels [ 1 ]); (2.0 * v "s").MulticlassSvm(labels [ 1 ]) ]
            Exact = [ [ 0.0 ]; [ 0.0 ] ]
        }
    ]

/// The loss of a fresh ten-class model on some images, as its training step reports it.
let private firstLoss (initialiser: Initialiser) (loss: Expr -> Expr -> Expr) =
    let model = Model.Input(12).Dense(10, initialiser)

    let program =
        Training.Compile(model, Func<_, _, _> loss, Optimiser.GradientDescent 0.1)

    use state = program.Initialise 7UL
    let images = numbers 1 [ 20 * 12 ] |> List.head |> Array.map float32
    let labels = Array.init 20 (fun i -> i % 10)
    let bindings = [| Binding("x", Tensor.From(shape [ 20; 12 ], images)); Binding("labels", Tensor.From(shape [ 20 ], labels)) |]
    let outputs = program.Evaluate.Call(state, bindings)
    outputs[0].Item()

let private images =
    let pooled = [ 1.0; 1.0; 2.0; 4.0; 5.0; 6.0; 7.0; 8.0; 3.0; 2.0; 1.0; 0.0; 1.0; 2.0; 3.0; 4.0 ]

    testList "images" [
        example "10: a 2 x 2 max pool, stride 2, routes to the maxima alone" {
            Given = [ array "x" [ 1; 4; 4; 1 ] pooled ]
            Graph = fun v -> [ (v "x").MaxPool 2; yield! withGradients [ "x" ] (fun v -> (v "x").MaxPool(2).Sum()) v |> List.tail ]
            Exact = [ [ 6.0; 8.0; 3.0; 4.0 ]; [ for number in [ 0; 0; 0; 0; 0; 1; 0; 1; 1; 0; 0; 0; 0; 0; 0; 1 ] -> float number ] ]
        }
        testCase "11: ten filters of 5 x 5 over 32 x 32 x 3, padded by 2"
        <| fun () ->
            let model = Model.Input(32, 32, 3).Conv(10, 5, padding = Padding.Of 2)
            Expect.equal (string model.Output.Type) "f32[N,32,32,10]" "the size stays"
            Expect.equal (Seq.sum [ for p in model.Parameters -> p.Shape.Size ]) 760 "parameters"

        testCase "12: a 3 x 3 filter on 7 x 7, by strides of 1, 2 and 3"
        <| fun () ->
            let sized stride =
                string (Model.Input(7, 7, 1).Conv(1, 3, stride).Output.Shape)

            Expect.equal [ sized 1; sized 2 ] [ "[N,5,5,1]"; "[N,3,3,1]" ] "sizes"

            Expect.throwsC (fun () -> sized 3 |> ignore) (fun ex ->
                Expect.equal
                    (Mistakes.text ex)
                    "conv: the last window must end with the image and its padding; got 3 pixels every 3 over 7 (axis 1 of f32[N,7,7,1]), which leaves 1. Pad 2 more at the end, or leave them out: .Floor() of the padding?"
                    "the text")
    ]

let private models =
    testList "models" [
        for name, initialiser, tolerance in [ "zero", Initialiser.Zeros, 1e-5; "tiny", Initialiser.SmallRandom 1e-5, 1e-3 ] do
            testCase $"13: the first loss of ten classes with {name} weights"
            <| fun () ->
                let svm = firstLoss initialiser (fun scores labels -> scores.MulticlassSvm labels)

                let softmax =
                    firstLoss initialiser (fun scores labels -> scores.SoftmaxCrossEntropy labels)

                Expect.isLessThan (abs (svm - 9.0)) tolerance $"SVM: C - 1, not {svm}"
                Expect.isLessThan (abs (softmax - log 10.0)) tolerance $"softmax: ln C = 2.302, not {softmax}"

        testCase "15: the shapes of layers"
        <| fun () ->
            let ones name dims = { Name = name; Dims = dims; Numbers = List.replicate (List.fold (*) 1 dims) 1.0 }

            let example = {
                Given = [ ones "I" [ 1; 3 ]; ones "W1" [ 3; 4 ]; ones "W2" [ 4; 4 ]; ones "W3" [ 4; 1 ] ]
                Graph =
                    fun v ->
                        let first = (v "I").MatMul(v "W1")
                        let second = first.MatMul(v "W2")
                        let third = second.MatMul(v "W3")
                        Expect.equal [ first.Shape; second.Shape; third.Shape ] [ shape [ 1; 4 ]; shape [ 1; 4 ]; shape [ 1; 1 ] ] "shapes"
                        [ first; second; third ]
                Exact = []
            }

            for dtype in [ DType.F64; DType.F32 ] do
                for outputs in run dtype example do
                    Expect.equal outputs [ Array.replicate 4 3.0; Array.replicate 4 12.0; [| 48.0 |] ] "of ones"
    ]

[<Tests>]
let tests = testList "worked examples" [ circuits; losses; images; models ]
