/// Gradients of every differentiable op on random shapes, against central differences in f64.
module Cv.Tests.GradientTests

open Cv.Dsl
open Cv.Tests.Generators
open Cv.Tests.Cases
open Expecto
open FsCheck
open FsCheck.FSharp

/// Checks 100 random cases.
let private isRight name (cases: Gen<Expr>) =
    testProperty name (Prop.forAll (Arb.zip (Arb.fromGen (Gen.map Case cases), seed)) (fun (case, seed) -> Differences.check seed case.Y))

/// The samples that every op brings, in f64.
let private samples =
    testList "samples" [
        for op in Catalogue.ops do
            if not (Catalogue.isNamed op) && Catalogue.isDifferentiable op then
                testCase (Catalogue.nameOf op)
                <| fun () ->
                    for sample in Catalogue.samples op do
                        let y = sample.WithDType DType.F64

                        if y.DType = DType.F64 then
                            for seed in 1..3 do
                                Differences.check seed y
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
    ]
