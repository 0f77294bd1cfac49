/// The gradient checker: what is right passes, what is wrong fails and is named, and what numbers cannot tell is neither.
module Cv.Tests.CheckTests

open System.Collections.Immutable
open Cv.Dsl
open Cv.Testing
open Cv.Tests.Generators
open Cv.Tests.Reference
open Expecto

let private x = f64 "x" [ 3 ]
let private at (values: float list) = Point(Map [ "x", Array.ofList values ])

/// The ops' own rules, but for one op, whose flows are changed.
let private broken<'op when 'op :> Op> (change: Expr -> Expr) =
    VjpRule(fun y dy ->
        let flows = y.Op.Vjp(y, dy)

        if y.Op :? 'op then
            flows
            |> Seq.map (fun flow ->
                match flow with
                | null -> null
                | flow -> change flow)
            |> ImmutableArray.CreateRange
        else
            flows)

let private subject rule (y: Expr) values =
    Subject(y, at values, CheckOptions.Default, rule)

/// Every method that judges a first derivative.
let private methods: (string * (Subject -> GradientReport)) list = [
    "differences", Check.Gradient
    "directional", (fun subject -> Check.Directional subject)
    "dual", Check.Dual
    "complex step", Check.ComplexStep
    "taylor", (fun subject -> Check.Taylor subject)
    "dot product", (fun subject -> Check.DotProduct subject)
]

let private seconds: (string * (Subject -> GradientReport)) list = [
    "second order", (fun subject -> Check.SecondOrder subject)
    "symmetry", (fun subject -> Check.HessianSymmetry subject)
]

let private expectVerdict expected (report: GradientReport) =
    Expect.equal report.Verdict expected (string report)

let private right name (y: Expr) values =
    testCase name (fun () ->
        for _, check in methods @ seconds do
            check (subject null y values) |> expectVerdict Verdict.Pass)

let private judged name (y: Expr) values expected =
    testCase name (fun () ->
        Check.Gradient(y, at values) |> expectVerdict expected
        Check.Directional(y, at values) |> expectVerdict expected)

let private expectWrong culprit (report: GradientReport) =
    expectVerdict Verdict.Fail report

    match report.Culprit with
    | null -> failtest "no culprit"
    | node -> Expect.equal node.Op.Name culprit (string report)

let private wrong name (y: Expr) values rule culprit =
    testList name [
        for method, check in methods do
            testCase method (fun () -> check (subject rule y values) |> expectWrong culprit)
    ]

let private jump (x: Expr) =
    Expr.Select(Expr.op_GreaterThan (x, 0.0), x.Like 1.0, x.Like 0.0) * x.Cos()

let private verdicts =
    testList "verdicts" [
        right "what is smooth" (x.Tanh() * x.Exp()) [ -1.0; 0.3; 2.0 ]
        right
            "every function"
            (x.Abs().Pow(1.5) + x.Erf() / (x.Sqrt() + x.Sigmoid())
             - (x.Sin() * x.Cos()).Log1p().Expm1())
            [ 0.2; 0.7; 1.5 ]
        right "folds and choices" (x.Max() * x.Min() + x.Variance() * x.Softmax().Sum()) [ -1.0; 0.3; 2.0 ]
        right "what bends sharply" ((x * 30.0).Sigmoid()) [ 0.01; 0.03; -0.02 ]
        right "what is flat" (x.Sign()) [ -1.0; 0.3; 2.0 ]
        right "a stopped gradient is a constant" (x * x.StopGradient()) [ 1.0; 2.0; 3.0 ]
        right "a value that is passed straight through" (x.Sign().StraightThrough(x.Tanh()) * x) [ 1.0; -2.0; 3.0 ]
        right "a leaf that none reaches" (x.StopGradient()) [ 1.0; 2.0; 3.0 ]
        judged "near a pole" (x.Log()) [ 1e-3; 1e-4; 2.0 ] Verdict.Pass
        judged "next to a kink" (x.Relu()) [ 1e-4; -1e-5; 1e-6 ] Verdict.Pass
        judged "at a kink, between both sides" (x.Relu()) [ 0.0; 1.0; -1.0 ] Verdict.Pass
        judged "at the kink of abs" (x.Abs()) [ 0.0; 1.0; -1.0 ] Verdict.Pass
        judged "at a tie of a maximum" (x.Max()) [ 2.0; 2.0; -1.0 ] Verdict.Pass
        judged "at a jump" (jump x) [ 0.0; 1.0; 2.0 ] Verdict.Inconclusive
        judged "where it is not finite" (x.Log()) [ -1.0; 1.0; 2.0 ] Verdict.Inconclusive

        wrong "a sign" (x.Tanh().Exp()) [ -1.0; 0.3; 2.0 ] (broken<Tanh> (~-)) "tanh"
        wrong "a factor that is nearly 1" (x.Tanh().Exp()) [ -1.0; 0.3; 2.0 ] (broken<Exp>(fun flow -> flow * 1.001)) "exp"
        wrong "a gradient that is NaN" (x.Tanh()) [ 0.1; 1.0; -1.0 ] (broken<Tanh>(fun flow -> flow * nan)) "tanh"
        wrong "a little where there is nothing" (x.Sign() + x.Sin() * 0.0) [ 1.0; 2.0; 3.0 ] (broken<Sin>(fun flow -> flow + 1e-3)) "sin"

        testCase "beyond both sides of a kink"
        <| fun () ->
            Check.Gradient(subject (broken<Maximum>(fun flow -> flow - 1.0)) (x.Maximum 0.0) [ 0.0; 1.0; -1.0 ])
            |> expectWrong "maximum"

        testCase "at a kink the order of the remainder tells nothing"
        <| fun () ->
            Check.Taylor(x.Relu(), at [ 0.0; 0.0; 0.0 ])
            |> expectVerdict Verdict.Inconclusive

        testCase "a second derivative that is wrong, under a first that is right"
        <| fun () ->
            let cosine = subject (broken<Cos> (~-)) (x.Sin()) [ 1.0; 2.0; 3.0 ]
            Check.Gradient cosine |> expectVerdict Verdict.Pass
            Check.SecondOrder cosine |> expectWrong "sin"

        testCase "second derivatives that depend on their order"
        <| fun () ->
            let w = f64 "w" [ 3 ]

            let second =
                VjpRule(fun y dy ->
                    let flows = y.Op.Vjp(y, dy)

                    match y.Op, flows[flows.Length - 1] with
                    | :? Mul, NonNull flow -> flows.SetItem(1, flow * 2.0)
                    | _ -> flows)

            let at = Point(Map [ "x", [| 1.0; 2.0; 3.0 |]; "w", [| 1.0; -2.0; 0.5 |] ])

            Check.HessianSymmetry(Subject((x.Sin() * w).Sum(), at, CheckOptions.Default, second))
            |> expectVerdict Verdict.Fail
    ]

let private swish = Gate.Define("swish", fun (x: float) -> x / (1.0 + exp -x))

/// Defined by a formula and a derivative that is not its own.
let private mistaken =
    Gate.Define("mistaken", (fun (x: float) -> sin x), (fun (x: float) (y: float) -> 1.0 + 0.0 * x * y))

let private cube (x: float) = x * x * x

let private withOwnCode =
    Gate.Define("with own code", (fun (x: float) -> cube x), (fun (x: float) (y: float) -> 3.0 * x * x + 0.0 * y))

let private gates =
    testList "gates" [
        // in a user's test project, this is the line
        testCase "swish" <| fun () -> Check.Gate swish
        testCase "a function of nodes" <| fun () -> Check.Gate(fun x -> x * x.Sigmoid())

        testList "the gallery" [
            for property in typeof<Gate>.GetProperties() do
                match property.GetMethod with
                | NonNull getter when getter.IsStatic ->
                    match property.GetValue null with
                    | :? Gate as gate -> testCase gate.Name <| fun () -> Check.Gate(gate, 3)
                    | _ -> ()
                | _ -> ()
        ]

        testCase "a gate of two arguments"
        <| fun () -> Check.Gate(Gate.Define("bend", fun (x: float) (slope: float) -> if x > 0.0 then x else slope * x))

        testCase "an op, by its samples"
        <| fun () ->
            Check.Op(Tanh())
            Check.Op(Variance(Axes.All 1))

        testProperty "swish within random graphs" (Check.GateProperty swish)

        testCase "a derivative that is mistaken is named"
        <| fun () ->
            Expect.throwsC (fun () -> Check.Gate mistaken) (fun ex ->
                Expect.stringStarts
                    ex.Message
                    "fail: the gradient of mistaken : f64[] against exact arithmetic: x is 1, should be "
                    "the text"

                Expect.stringContains ex.Message "The derivative of mistaken : f64[] is wrong." "the op")

        testCase "a property that fails shrinks to the gate on one number, and prints it as code"
        <| fun () ->
            Expect.throwsC (fun () -> FsCheck.Check.One(FsCheck.Config.QuickThrowOnFailure, Check.GateProperty mistaken)) (fun ex ->
                Expect.stringContains ex.Message "Expr y = " "C#")
    ]

let private report =
    testList "report" [
        testCase "names the worst element, both values and the op"
        <| fun () ->
            let report =
                Check.Gradient(subject (broken<Exp>(fun flow -> flow * 2.0)) (x.Exp().Sum()) [ 0.0; 1.0; -1.0 ])

            Expect.equal
                (string report)
                "fail: the gradient of reshape [] : f64[] against central differences: x[0] is 2, should be 0.9999999999987056, relative error 0.5. The derivative of exp : f64[3] is wrong. 3 compared, at x = [0, 1, -1]"
                "the text"

        testCase "a report that must pass throws its text"
        <| fun () ->
            let report =
                Check.Gradient(subject (broken<Exp>(fun flow -> flow * 2.0)) (x.Exp()) [ 0.0; 1.0; -1.0 ])

            Expect.throwsC (fun () -> report.MustPass() |> ignore) (fun ex -> Expect.equal ex.Message (string report) "the text")

        testCase "symbols are bound and f32 is read as f64"
        <| fun () ->
            let images = Expr.Input("images", shapeOf [ Dim "N"; Dim 4 ])
            let report = Check.Gradient(images.Softmax().Log(), 3)
            Expect.equal report.Verdict Verdict.Pass (string report)
            Expect.equal report.Checked 12 "elements"

        testCase "a point without a leaf is refused"
        <| fun () ->
            Expect.throwsC (fun () -> Check.Gradient(x.Exp(), Point(Map [ "y", [| 1.0 |] ])) |> ignore) (fun ex ->
                Expect.equal
                    (Mistakes.text ex)
                    "check: the point must hold a value for each leaf; got none for \"x\". Give one, or take Point.Random(seed, graph)."
                    "the text")

        testCase "numbers that do not fit are refused"
        <| fun () ->
            Expect.throwsC (fun () -> Check.Gradient(x.Exp(), at [ 1.0 ]) |> ignore) (fun ex ->
                Expect.equal
                    (Mistakes.text ex)
                    "check: the point must hold a number for each element; got 1 for input \"x\" : f64[3] (3). Give that many."
                    "the text")

        testCase "an oracle refuses a function that it does not know, and names it"
        <| fun () ->
            let y = x.Apply withOwnCode

            for check, text in
                [
                    (fun () -> Check.Dual(y, at [ 1.0; 2.0; 3.0 ])),
                    "check: dual numbers know no derivative of cube. Check it by differences."
                    (fun () -> Check.ComplexStep(y, at [ 1.0; 2.0; 3.0 ])),
                    "check: the complex step knows no complex cube. Check it by differences, or dual numbers."
                ] do
                Expect.throwsC (check >> ignore) (fun ex -> Expect.equal (Mistakes.text ex) text "the text")

            Expect.equal (Check.Gradient(y, at [ 1.0; 2.0; 3.0 ])).Verdict Verdict.Pass "by differences"

        testCase "an oracle refuses an op that it does not know"
        <| fun () ->
            let y =
                Gate
                    .Custom(
                        TensorRule(
                            "twice",
                            Infer = (fun types -> types[0]),
                            Evaluate = (fun _ x -> Array.map ((*) 2.0) x[0]),
                            Vjp = (fun _ dy -> ImmutableArray.Create<Expr | null>(dy * 2.0))
                        )
                    )
                    .Of
                    x

            Expect.throwsC (fun () -> Check.Dual(y, at [ 1.0; 2.0; 3.0 ]) |> ignore) (fun ex ->
                let text = Mistakes.text ex
                Expect.stringStarts text "check: dual numbers know ops that are elementwise, linear or choose; got twice" "the fact"
                Expect.isTrue (text.EndsWith ". Check it by differences.") "the fix")

        testCase "what is not of floats is refused"
        <| fun () ->
            Expect.throwsC (fun () -> Check.Gradient(x.ArgMax 0, at [ 1.0; 2.0; 3.0 ]) |> ignore) (fun ex ->
                Expect.stringStarts ex.Message "check: only floats have a gradient; got reshape [] : i32[]" "the text")
    ]

[<Tests>]
let tests = testList "check" [ verdicts; gates; report ]
