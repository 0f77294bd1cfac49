/// Gradients of every differentiable op on random shapes, against central differences in f64.
module Cv.Tests.GradientTests

open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Generators
open Cv.Tests.Cases
open Expecto
open FsCheck
open FsCheck.FSharp
open Cv.Testing

/// Checks 100 random cases.
let private isRight name (cases: Gen<Expr>) =
    testProperty name (Prop.forAll (Arb.zip (Arb.fromGen (Gen.map Case cases), seed)) (fun (case, seed) -> Differences.check seed case.Y))

/// The samples that every op brings, in every way there is to check a derivative.
let private samples =
    testList "samples" [
        for op in Catalogue.ops do
            if not (Catalogue.isNamed op) && Catalogue.isDifferentiable op then
                testCase (Catalogue.nameOf op)
                <| fun () -> Check.Op(Catalogue.blank op, seeds = 3)
    ]

/// Where a function has no derivative, or more than one, docs/SEMANTICS.md says which it has.
let private kinks =
    let x = Expr.Input("x", shape [ 3 ], DType.F64)
    let y = Expr.Input("y", shape [ 3 ], DType.F64)

    let is name (f: Expr) (at: float list) (by: Expr) (expected: float list) =
        testCase name (fun () ->
            let gradient = [ Gradient.Of(f.Sum(), by)[0] ]
            let values = [ "x", Array.ofList at; "y", [| 1.0; -2.0; 3.0 |] ]
            let expected = Array.ofList expected
            Expect.sequenceEqual (Run.interpreted gradient values).Head expected "interpreted"
            Expect.sequenceEqual (Run.compiled VectorWidth.Bits256 1 gradient values).Head expected "compiled")

    testList "kinks" [
        is "abs at 0" (x.Abs()) [ -1.0; 0.0; 2.0 ] x [ -1.0; 0.0; 1.0 ]
        is "relu at 0" (x.Relu()) [ -1.0; 0.0; 2.0 ] x [ 0.0; 0.0; 1.0 ]
        is "relu at NaN" (x.Relu()) [ -1.0; nan; 2.0 ] x [ 0.0; 0.0; 1.0 ]
        is "leaky relu at 0" (x.LeakyRelu 0.25) [ -1.0; 0.0; 2.0 ] x [ 0.25; 0.25; 1.0 ]
        is "a tie of maximum goes to the second" (x.Maximum y) [ 1.0; 0.0; 3.0 ] x [ 0.0; 1.0; 0.0 ]
        is "the second of a tie" (x.Maximum y) [ 1.0; 0.0; 3.0 ] y [ 1.0; 0.0; 1.0 ]
        is "a tie of minimum goes to the second" (x.Minimum y) [ 1.0; 0.0; 3.0 ] x [ 0.0; 0.0; 0.0 ]
        is "several largest share" (x.Max()) [ 2.0; 2.0; -1.0 ] x [ 0.5; 0.5; 0.0 ]
        is "several smallest share" (x.Min()) [ 2.0; -1.0; -1.0 ] x [ 0.0; 0.5; 0.5 ]
        is "NaN takes no part of the largest" (x.Max()) [ 2.0; nan; -1.0 ] x [ 0.0; 0.0; 0.0 ]
        is "sqrt at 0" (x.Sqrt()) [ 4.0; 0.0; 1.0 ] x [ 0.25; infinity; 0.5 ]
        is "a power of 0" (x.Pow 0.0 + x) [ 0.0; -1.0; 2.0 ] x [ 1.0; 1.0; 1.0 ]
        is "a square at 0" (x.Pow 2.0) [ 0.0; -1.0; 2.0 ] x [ 0.0; -2.0; 4.0 ]
        is "by a power, where the base is not positive" (x.Pow y) [ 0.0; -1.0; 1.0 ] y [ 0.0; 0.0; 0.0 ]
        is "the branch not taken, though it is NaN" (Expr.Select(Expr.op_GreaterThan (x, 0.0), x.Log(), x)) [ -1.0; 1.0; 2.0 ] x [
            1.0
            1.0
            0.5
        ]
        is "stop_gradient" (x * x.StopGradient()) [ 1.0; 2.0; 3.0 ] x [ 1.0; 2.0; 3.0 ]
        is "sign is flat" (x.Sign() + x) [ -1.0; 0.0; 2.0 ] x [ 1.0; 1.0; 1.0 ]
        is "the sum of two ways" (x * x + x) [ 1.0; 2.0; 3.0 ] x [ 3.0; 5.0; 7.0 ]
        is "nothing sliced" (x.Slice(0, 1, 0).Sum() + x.Slice(0, 1, 1).Sum()) [ 1.0; 2.0; 3.0 ] x [ 0.0; 1.0; 0.0 ]

        testCase "a gradient can be differentiated again"
        <| fun () ->
            let cube = x.Pow(3.0).Sum()
            let first = Gradient.Of(cube, x)[0]
            let second = Gradient.Of(first.Sum(), x)[0]
            let values = [ "x", [| 1.0; -2.0; 0.5 |] ]
            Expect.sequenceEqual (Run.interpreted [ second ] values).Head [ 6.0; -12.0; 3.0 ] "6 x"

        testCase "what no gradient reaches is refused"
        <| fun () ->
            Expect.throwsC (fun () -> Gradient.Of(x.Sum(), y) |> ignore) (fun ex ->
                Expect.equal
                    (Mistakes.text ex)
                    "gradient: the loss must depend on each node it is differentiated by; got reshape [] : f64[] and input \"y\" : f64[3], which no gradient reaches. Drop it from the list, or ask for zeros: Unreached.Zero?"
                    "the text")

        testCase "a loss that is no scalar is refused"
        <| fun () ->
            Expect.throwsC (fun () -> Gradient.Of(x, x) |> ignore) (fun ex ->
                Expect.equal
                    (Mistakes.text ex)
                    "gradient: the loss must be a scalar, f32[] or f64[]; got f64[3]. Sum or average it first: .Mean()?"
                    "the text")
    ]

[<Tests>]
let tests =
    testList "gradients" [
        testList "ops" [
            testCase "every differentiable op is here"
            <| fun () ->
                let expected =
                    Catalogue.ops
                    |> List.filter (fun op -> not (Catalogue.isNamed op) && Catalogue.isDifferentiable op)

                Expect.equal (differentiable |> List.map fst |> List.map _.Name) (expected |> List.map _.Name) "in order"

            for op, cases in differentiable do
                yield!
                    cases
                    |> List.mapi (fun i cases -> isRight (if i = 0 then op.Name else $"{op.Name} {i + 1}") cases)
        ]
        samples
        kinks
    ]
