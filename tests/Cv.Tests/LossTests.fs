module Cv.Tests.LossTests

open System
open Cv.Dsl
open Cv.Tests.ErrorTextTests
open Cv.Tests.Evaluate
open Cv.Tests.Generators
open Expecto
open FsCheck
open FsCheck.FSharp

let private f64 name dims = Expr.Input(name, shape dims, DType.F64)

let private labels count =
    Expr.Input("labels", shape [ count ], DType.I32)

/// The loss of some rows of scores, by the graph.
let private lossOf (loss: Expr -> Expr -> Expr) (rows: float list list) (right: int list) =
    let scores = f64 "scores" [ rows.Length; rows.Head.Length ]

    loss scores (labels rows.Length)
    |> item [ "scores", Array.concat (List.map Array.ofList rows); "labels", [| for label in right -> float label |] ]

let private svm (scores: Expr) labels = scores.MulticlassSvm labels
let private squared (scores: Expr) labels = scores.MulticlassSquaredHinge labels
let private crossEntropy (scores: Expr) labels = scores.SoftmaxCrossEntropy labels
let private accuracy (scores: Expr) labels = scores.Accuracy labels

/// The same losses of one row, written as loops over its classes.
module private ByHand =
    let svm power (row: float list) right =
        row
        |> List.indexed
        |> List.sumBy (fun (j, s) ->
            if j = right then
                0.0
            else
                (max 0.0 (s - row[right] + 1.0)) ** power)

    let crossEntropy (row: float list) right =
        -log(exp row[right] / List.sumBy exp row)

    let correct (row: float list) right =
        if List.findIndex ((=) (List.max row)) row = right then
            1.0
        else
            0.0

type private Batch = { Rows: float list list; Right: int list }

let private batchesOf fewest =
    gen {
        let! count = Gen.choose (1, 4)
        let! classes = Gen.choose (fewest, 5)
        // tenths, so that ties and exact margins happen
        let score = Gen.choose (-40, 40) |> Gen.map (fun tenths -> float tenths / 10.0)
        let! rows = Gen.listOfLength count (Gen.listOfLength classes score)
        let! right = Gen.listOfLength count (Gen.choose (0, classes - 1))
        return { Rows = rows; Right = right }
    }
    |> Arb.fromGen

let private batches = batchesOf 1

let private agreesFrom fewest name loss byHand =
    testProperty name
    <| Prop.forAll (batchesOf fewest) (fun batch ->
        let expected = List.map2 byHand batch.Rows batch.Right |> List.average
        Expect.floatClose Accuracy.high (lossOf loss batch.Rows batch.Right) expected "the mean over the batch")

let private agrees name = agreesFrom 1 name

let private byDefinition =
    testList "by definition" [
        agrees "multiclass svm" svm (ByHand.svm 1.0)
        agrees "squared hinge" squared (ByHand.svm 2.0)
        agrees "softmax cross-entropy" crossEntropy ByHand.crossEntropy
        agreesFrom 2 "accuracy, of two classes or more" accuracy ByHand.correct
        agrees "focal loss" (fun scores labels -> scores.FocalLoss labels) (fun row right ->
            let logarithm = -(ByHand.crossEntropy row right)
            -((1.0 - exp logarithm) ** 2.0) * logarithm)
        agrees "label smoothing" (fun scores labels -> scores.LabelSmoothing labels) (fun row right ->
            let each = List.init row.Length (ByHand.crossEntropy row)
            0.9 * each[right] + 0.1 * List.average each)
        agrees "log-softmax, picked" (fun scores labels -> -(scores.LogSoftmax().Pick labels).Mean()) ByHand.crossEntropy
        agrees "softmax, picked" (fun scores labels -> (scores.Softmax().Pick labels).Mean()) (fun row right ->
            exp -(ByHand.crossEntropy row right))
    ]

let private catCarFrog = [ [ 3.2; 5.1; -1.7 ]; [ 1.3; 4.9; 2.0 ]; [ 2.2; 2.5; -3.1 ] ]

let private notes =
    testList "course notes" [
        testCase "svm of cat, car and frog"
        <| fun () ->
            let each =
                List.map2 (fun row right -> lossOf svm [ row ] [ right ]) catCarFrog [ 0; 1; 2 ]

            for actual, expected in List.zip each [ 2.9; 0.0; 12.9 ] do
                Expect.floatClose Accuracy.veryHigh actual expected "one image"

            Expect.equal each[1] 0.0 "the right class adds exactly nothing"
            Expect.floatClose Accuracy.veryHigh (lossOf svm catCarFrog [ 0; 1; 2 ]) (15.8 / 3.0) "their mean"

        testCase "softmax of the cat"
        <| fun () ->
            let p =
                (f64 "scores" [ 1; 3 ]).Softmax()
                |> value [ "scores", Array.ofList catCarFrog[0] ]

            let rough = { absolute = 0.005; relative = 0.0 }

            for actual, expected in Seq.zip p [ 0.13; 0.87; 0.00 ] do
                Expect.floatClose rough actual expected "probability"

            Expect.floatClose rough (lossOf crossEntropy [ catCarFrog[0] ] [ 0 ]) 2.04 "loss"

        testCase "penalties prefer small weights, or few"
        <| fun () ->
            let few, small = [ 1.0; 0.0; 0.0; 0.0 ], [ 0.25; 0.25; 0.25; 0.25 ]
            let w = f64 "w" [ 1; 4 ]

            let of' (penalty: Expr) weights =
                item [ "w", Array.ofList weights ] penalty

            Expect.equal (List.map (of' (w.L2())) [ few; small ]) [ 1.0; 0.25 ] "L2"
            Expect.equal (List.map (of' (w.L1())) [ few; small ]) [ 1.0; 1.0 ] "L1"
            Expect.equal (List.map (of' (w.Elastic 2.0)) [ few; small ]) [ 3.0; 1.5 ] "elastic"

        testCase "the first loss of ten classes"
        <| fun () ->
            let rows = List.replicate 4 (List.replicate 10 0.0)
            let right = [ 0; 3; 5; 9 ]
            Expect.equal (lossOf svm rows right) 9.0 "C - 1"
            Expect.floatClose Accuracy.veryHigh (lossOf crossEntropy rows right) (log 10.0) "ln C"

        testCase "a constant added to all scores changes no softmax"
        <| fun () ->
            let shifted = catCarFrog |> List.map (List.map (fun s -> s + 1000.0))

            Expect.floatClose Accuracy.high (lossOf crossEntropy shifted [ 0; 1; 2 ]) (lossOf crossEntropy catCarFrog [ 0; 1; 2 ]) "shifted"

        testCase "scaling the scores of a zero loss keeps it zero"
        <| fun () ->
            let doubled = catCarFrog[1] |> List.map (fun s -> 2.0 * s)
            Expect.equal (lossOf svm [ doubled ] [ 1 ]) 0.0 "still zero"
    ]

let private edges =
    testList "edges" [
        testCase "mean squared error"
        <| fun () ->
            let p, t = f64 "p" [ 2; 2 ], f64 "t" [ 2; 2 ]

            let value =
                p.MeanSquaredError t |> item [ "p", [| 1; 2; 3; 4 |]; "t", [| 1; 0; 3; 8 |] ]

            Expect.equal value 5.0 "(0 + 4 + 0 + 16) / 4"

        testCase "another margin"
        <| fun () ->
            let loss = lossOf (fun s l -> s.MulticlassSvm(l, 2.5)) [ catCarFrog[0] ] [ 0 ]
            Expect.floatClose Accuracy.veryHigh loss 4.4 "5.1 - 3.2 + 2.5"

        testCase "scores that overflow exp"
        <| fun () ->
            let huge = [ [ 1000.0; 0.0; -1000.0 ] ]
            Expect.equal (lossOf crossEntropy huge [ 0 ]) 0.0 "the right class is certain"
            Expect.equal (lossOf crossEntropy huge [ 2 ]) 2000.0 "the right class is hopeless"

        for name, loss in [ "svm", svm; "squared hinge", squared; "cross-entropy", crossEntropy ] do
            for place in 0..2 do
                testCase $"{name}: NaN in score {place} is not lost"
                <| fun () ->
                    let row = List.updateAt place nan [ 1.0; 2.0; 3.0 ]
                    Expect.isTrue (Double.IsNaN(lossOf loss [ row ] [ 1 ])) "NaN"

        testCase "scores of a sequence: every dim but the last is a batch"
        <| fun () ->
            let scores = Expr.Input("scores", shapeOf [ Dim "N"; Dim 7; Dim 3 ])
            let labels = Expr.Input("labels", shapeOf [ Dim "N"; Dim 7 ], DType.I32)

            for loss in [ crossEntropy; svm; squared; accuracy ] do
                Expect.equal ((loss scores labels).Type.ToString()) "f32[]" "a scalar"

            Expect.equal (scores.Softmax().Type) scores.Type "softmax"
            Expect.equal (scores.LogSoftmax().Type) scores.Type "log-softmax"

        testCase "relu and leaky relu"
        <| fun () ->
            let x = f64 "x" [ 5 ]
            let given = [ "x", [| -2.0; -0.0; 0.0; 3.0; nan |] ]
            let relu, leaky = x.Relu() |> value given, x.LeakyRelu 0.1 |> value given
            Expect.sequenceEqual relu[..3] [ 0.0; 0.0; 0.0; 3.0 ] "relu"
            Expect.sequenceEqual leaky[..3] [ -0.2; 0.0; 0.0; 3.0 ] "leaky relu"
            Expect.isTrue (Double.IsNaN relu[4] && Double.IsNaN leaky[4]) "NaN stays"
    ]

let private mistakes =
    let scores = batch [ 10 ]
    let right = Expr.Input("y", shapeOf [ Dim "N" ], DType.I32)
    let unknown = Expr.Input("s", shapeOf [ Dim "N"; Dim "C" ])

    refusals "mistakes" [
        "labels of floats",
        (fun () -> scores.SoftmaxCrossEntropy(batch [])),
        "softmax_cross_entropy: labels must be i32 with the scores' shape less the last dim; got f32[N,10] and f32[N]. For scores [N,10], give labels i32[N]."

        "labels in a column",
        (fun () -> scores.MulticlassSvm(right.Reshape(-1, 1))),
        "multiclass_svm: labels must be i32 with the scores' shape less the last dim; got f32[N,10] and i32[N,1]. For scores [N,10], give labels i32[N]."

        "labels of another batch",
        (fun () -> scores.MulticlassSquaredHinge(i32 [ 5 ])),
        "multiclass_squared_hinge: labels must be i32 with the scores' shape less the last dim; got f32[N,10] and i32[5]. For scores [N,10], give labels i32[N]."

        "scores and labels the wrong way round",
        (fun () -> right.Accuracy scores),
        "accuracy: scores must be f32 or f64 with the classes along the last dim; got i32[N]. Give scores f32[N,10], say."

        "the accuracy of one class, which is always the highest",
        (fun () -> (Expr.Input("scores", shapeOf [ Dim "N"; Dim 1 ])).Accuracy right),
        "accuracy: there must be at least two classes; got f32[N,1]. With one score for each example, use BinaryAccuracy."

        "the binary accuracy of several scores",
        (fun () -> scores.BinaryAccuracy right),
        "binary_accuracy: there must be one score for each example; got f32[N,10]. With several classes, use Accuracy."

        "classes that are not counted",
        (fun () -> unknown.SoftmaxCrossEntropy right),
        "softmax_cross_entropy: the number of classes must be known; got f32[N,C]. Give the last dim a number: only the batch may be a symbol."

        "softmax of a scalar",
        (fun () -> (x []).Softmax()),
        "softmax: scores must be f32 or f64 with the classes along the last dim; got f32[]. Give scores f32[N,10], say."

        "log-softmax of integers",
        (fun () -> (i32 [ 3 ]).LogSoftmax()),
        "log_softmax: scores must be f32 or f64 with the classes along the last dim; got i32[3]. Give scores f32[N,10], say."

        "a margin that is not a number",
        (fun () -> scores.MulticlassSvm(right, nan)),
        "multiclass_svm: the margin must be a finite number, at least 0; got NaN. 1 is usual."

        "predictions that would broadcast",
        (fun () -> (x [ 4; 1 ]).MeanSquaredError(x [ 1; 4 ])),
        "mean_squared_error: predictions and targets must be of one type, f32 or f64; got f32[4,1] and f32[1,4]. Cast or reshape one side."

        "a slope that is infinite",
        (fun () -> (x [ 4 ]).LeakyRelu infinity),
        "leaky_relu: the slope must be a finite number; got Infinity. 0.01 is usual."
    ]

[<Tests>]
let tests = testList "losses" [ byDefinition; notes; edges; mistakes ]
