module Cv.Tests.ExpectoTests

open System
open Expecto
open FsCheck.FSharp

/// The message with which a test fails.
let private failureOf test =
    let leaf = Test.leaves [ test ] |> List.exactlyOne
    Expect.throwsC leaf.Run _.Message

[<Tests>]
let tests =
    testList "expecto" [
        testCase "a name is the path to its leaf"
        <| fun () ->
            let tree =
                testList "a" [ testCase "b" ignore; testList "c" [ testCase "d" ignore ] ]

            Expect.equal (Test.leaves [ tree ] |> List.map _.Path) [ "a/b"; "a/c/d" ] "paths"

        testCase "a name that stands twice is refused"
        <| fun () ->
            let tree = testList "a" [ testCase "b" ignore; testCase "b" ignore ]

            Expect.throwsC (fun () -> Test.leaves [ tree ] |> ignore) (fun ex ->
                Expect.equal
                    ex.Message
                    "Test names must be unique; these stand more than once: a/b. Rename one of each."
                    "rule, facts, fix")

        testSequenced (
            testCase "a sequenced leaf runs alone" (fun () ->
                let tree = testList "a" [ testSequenced (testCase "b" ignore); testCase "c" ignore ]
                Expect.equal (Test.leaves [ tree ] |> List.map _.Alone) [ true; false ] "the mark stays on its own branch")
        )

        testCase "a failing property shows its shrunk counter-example and its seed"
        <| fun () ->
            let config = { FsCheckConfig.defaultConfig with replay = Some(1UL, 3UL, None) }

            let text =
                failureOf (testPropertyWithConfig config "short" (fun (xs: int list) -> xs.Length < 3))

            Expect.stringContains text "Falsifiable" "says that it failed"
            Expect.stringContains text "Shrunk:\n[0; 0; 0]" "shrinks to the least counter-example"
            Expect.stringContains text "Replay" "tells how to see it again"

        testCase "a replayed property fails in the same way"
        <| fun () ->
            let config = { FsCheckConfig.defaultConfig with replay = Some(1UL, 3UL, None) }

            let fail () =
                failureOf (testPropertyWithConfig config "no three" (fun (xs: int list) -> xs.Length < 3))

            Expect.equal (fail ()) (fail ()) "same seed, same counter-example"

        testCase "a property that gives up fails"
        <| fun () ->
            let text = failureOf (testProperty "never" (fun (x: int) -> x <> x ==> true))
            Expect.stringContains text "exhausted" "says that no case was left to try"

        testProperty "numbers of one accuracy are close in either order"
        <| fun (a: float) (b: float) -> Accuracy.areClose Accuracy.low a b = Accuracy.areClose Accuracy.low b a

        testCase "NaN is close to NaN alone"
        <| fun () ->
            Expect.floatClose Accuracy.high nan nan "NaN"
            Expect.throws (fun () -> Expect.floatClose Accuracy.high nan 0.0 "") "NaN and 0"
            Expect.throws (fun () -> Expect.floatClose Accuracy.high infinity -infinity "") "infinities"

        testCase "sequences name the first element that differs"
        <| fun () ->
            Expect.throwsC (fun () -> Expect.sequenceEqual [ 1; 2; 3 ] [ 1; 4; 3 ] "numbers") (fun ex ->
                Expect.stringStarts ex.Message "numbers\nelement 1: expected 4, got 2" "place and values")

        testCase "throwsT refuses another exception"
        <| fun () ->
            Expect.throwsT<ArgumentException> (fun () -> raise (ArgumentException())) "the same type"
            Expect.throws (fun () -> Expect.throwsT<ArgumentException> (fun () -> failwith "x") "") "another type"
    ]
