/// Compiled code against the interpreter.
module Cv.Tests.CompiledTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Cases
open Cv.Tests.Generators
open Cv.Tests.Run
open Expecto
open FsCheck.FSharp

/// What a few operations may lose, in parts of the largest number.
let private tolerance dtype =
    match dtype with
    | DType.F64 -> 1e-12
    | _ -> 1e-5

/// Compiles for every width and number of threads, and compares.
let private expectAgreement dtype seed (outputs: Expr list) =
    let outputs = outputs |> List.map _.WithDType(dtype)
    let values = Evaluate.randomBindings seed outputs
    let expected = interpreted outputs values

    for width in widths do
        let alone = compiled width 1 outputs values

        if not (near (tolerance dtype) alone expected) then
            failtest $"{width}, {DTypes.Text dtype}\n{Evaluate.text outputs}\nexpected %A{expected}\nactual %A{alone}"

        for threads in [ 2; 3 ] do
            if not (identical (compiled width threads outputs values) alone) then
                failtest $"{width}, {DTypes.Text dtype}: {threads} threads and 1 differ\n{Evaluate.text outputs}"

let private bothTypes = [ DType.F32; DType.F64 ]

let private samples =
    testList "samples" [
        for op in Catalogue.ops do
            if not (Catalogue.isNamed op) then
                testCase (Catalogue.nameOf op)
                <| fun () ->
                    for sample in Catalogue.samples op do
                        for dtype in bothTypes do
                            expectAgreement dtype 1 [ sample ]
    ]

/// One width, one number of threads and one dtype for each random case, chosen by its seed.
let private cases =
    testList "random shapes" [
        testCase "every op is here"
        <| fun () ->
            let expected =
                Catalogue.ops |> List.filter (Catalogue.isNamed >> not) |> List.map _.Name

            let actual = differentiable @ others |> List.map (fst >> _.Name) |> List.sort
            Expect.equal actual expected "ops"

        for op, cases in differentiable @ others do
            for i, cases in List.indexed cases do
                testProperty (if i = 0 then op.Name else $"{op.Name} {i + 1}")
                <| Prop.forAll (Arb.zip (Arb.fromGen (FsCheck.FSharp.Gen.map Case cases), seed)) (fun (case, seed) ->
                    let dtype, width = bothTypes[seed % 2], widths[seed / 2 % 3]
                    let outputs = [ case.Y.WithDType dtype ]
                    let values = Evaluate.randomBindings seed outputs
                    let expected = interpreted outputs values
                    let actual = compiled width (1 + seed / 6 % 3) outputs values

                    if not (near (tolerance dtype) actual expected) then
                        failtest $"{width}, {DTypes.Text dtype}\nexpected %A{expected}\nactual %A{actual}")
    ]

[<Tests>]
let tests = testList "compiled" [ samples; cases ]
