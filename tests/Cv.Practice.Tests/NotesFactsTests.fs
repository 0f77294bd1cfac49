/// What the course notes state in a line, held by a test: of losses, gates and updates.
module Cv.Tests.NotesFactsTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto
open FsCheck.FSharp

let private number expr values =
    (Run.compiled VectorWidth.Bits256 1 [ expr ] values).Head[0]

let private scores rows =
    Expr.Input("s", shape [ rows; 10 ], DType.F64)

let private labels (right: int list) =
    Expr.Literal(shape [ right.Length ], [| for label in right -> float label |], DType.I32)

let private random (seed: int) count scale =
    let draw = Random seed
    [| for _ in 1..count -> scale * (2.0 * draw.NextDouble() - 1.0) |]

let private losses =
    testList "losses" [
        testProperty "an SVM loss is at least 0, and finite"
        <| fun (seed: int) ->
            let loss = (scores 4).MulticlassSvm(labels [ 0; 3; 9; 5 ])
            let value = number loss [ "s", random seed 40 100.0 ]
            value >= 0.0 && Double.IsFinite value

        testProperty "raising the right class's score changes a softmax loss; an SVM loss of 0 stays 0"
        <| fun (seed: int) ->
            let values = random seed 10 1.0
            // the right class beats each other by more than the margin
            values[4] <- 2.5
            let raised = Array.copy values
            raised[4] <- 2.75
            let svm = (scores 1).MulticlassSvm(labels [ 4 ])
            let softmax = (scores 1).SoftmaxCrossEntropy(labels [ 4 ])

            number svm [ "s", values ] = 0.0
            && number svm [ "s", raised ] = 0.0
            && number softmax [ "s", raised ] < number softmax [ "s", values ]

        testProperty "a softmax loss is never 0 for scores that are near, an SVM loss beyond its margin is"
        <| fun (seed: int) ->
            let values = random seed 10 5.0
            number ((scores 1).SoftmaxCrossEntropy(labels [ 2 ])) [ "s", values ] > 0.0
    ]

let private slope (gate: Expr -> Expr) (at: float) =
    let x = Expr.Input("x", shape [], DType.F64)
    number (Gradient.Of(gate x, x)[0]) [ "x", [| at |] ]

let private gates =
    testList "gates" [
        testPropertyWithConfig
            { FsCheckConfig.defaultConfig with arbitrary = [] }
            "a sigmoid's gradient beyond 10 is near 0, and 1/4 at most"
        <| Prop.forAll (Arb.fromGen (Gen.choose (-4000, 4000))) (fun hundredths ->
            let x = float hundredths / 100.0
            let gradient = slope _.Sigmoid() x
            gradient <= 0.25 && gradient >= 0.0 && (abs x <= 10.0 || gradient < 5e-5))

        testCase "a ReLU that never fires gets no gradient"
        <| fun () ->
            let x = Expr.Input("x", shape [ 6; 3 ], DType.F64)
            let w = Expr.Input("w", shape [ 3; 2 ], DType.F64)
            // the second unit's bias holds it below 0 for every example
            let b = Expr.Literal(shape [ 1; 2 ], [| 0.0; -100.0 |], DType.F64)
            let loss = (x.MatMul(w) + b).Relu().Pow(2.0).Sum()
            let gradient = Gradient.Of(loss, w)[0]
            let values = [ "x", random 1 18 1.0; "w", random 2 6 1.0 ]
            let numbers = (Run.compiled VectorWidth.Bits256 1 [ gradient ] values).Head
            Expect.equal [ numbers[1]; numbers[3]; numbers[5] ] [ 0.0; 0.0; 0.0 ] "the dead unit's weights"
            Expect.isTrue (numbers[0] <> 0.0 && numbers[2] <> 0.0 && numbers[4] <> 0.0) "the live unit's"
    ]

[<Tests>]
let tests = testList "the notes' facts" [ losses; gates ]
