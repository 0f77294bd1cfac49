module Cv.Tests.ShapeTests

open System
open System.Collections.Generic
open Cv.Dsl
open Cv.Tests.Generators
open Expecto
open FsCheck.FSharp

let private list (values: int list) = Ints(ReadOnlySpan(Array.ofList values))

let private infer (shapes: Shape list) =
    let sum =
        shapes
        |> List.mapi (fun i s -> Expr.Input($"x{i}", s))
        |> List.reduce (fun a b -> a + b)

    sum.Shape

let private message run =
    Expect.throwsC (fun () -> run () |> ignore) (fun ex ->
        Expect.isTrue (ex :? ShapeException) $"a ShapeException, not {ex.GetType().Name}"
        Mistakes.text ex)

let private dim =
    testList "dim" [
        testCase "a number and a symbol read as dims"
        <| fun () ->
            let shape = (shapeOf [ Dim.op_Implicit 3; Dim.op_Implicit "N" ])
            Expect.equal (shape.ToString()) "[3,N]" "both conversions"

        testCase "only the number 1 broadcasts"
        <| fun () -> Expect.equal ([ Dim 1; Dim 0; Dim 2; Dim "N" ] |> List.map _.IsOne) [ true; false; false; false ] "IsOne"

        testCase "a dim is equal by content"
        <| fun () ->
            Expect.isTrue (Dim 3 = Dim 3 && Dim "N" = Dim(String [| 'N' |])) "equal"
            Expect.isTrue (Dim 3 <> Dim 4 && Dim "N" <> Dim "M" && Dim "N" <> Dim 0) "different"
            Expect.isTrue (Dim.op_Equality (Dim 3, Dim 3) && Dim.op_Inequality (Dim 3, Dim "N")) "C#'s operators"
            Expect.equal (Dim("N").GetHashCode()) (Dim(String [| 'N' |]).GetHashCode()) "equal dims, equal hashes"

        testCase "the default dim is 0"
        <| fun () -> Expect.equal (Unchecked.defaultof<Dim>) (Dim 0) "default"

        testCase "a symbol has no value"
        <| fun () ->
            Expect.isFalse (Dim "N").IsKnown "known"

            Expect.equal
                (message (fun () -> (Dim "N").Value))
                "shape: a dim must be a number where its extent is asked for; got \"N\". Bind it: .Bind(...), or by the call of a compiled function."
                "text"

        testCase "a negative number is refused"
        <| fun () ->
            Expect.equal
                (message (fun () -> Dim -2))
                "shape: a dim must be at least 0; got -2. Name a symbol such as \"N\" for an extent that is not known yet."
                "text"

        testCase "a symbol starts with a letter"
        <| fun () ->
            for symbol in [ ""; " "; "1"; "_n" ] do
                Expect.equal
                    (message (fun () -> Dim symbol))
                    $"shape: a symbolic dim needs a name that starts with a letter; got \"{symbol}\". Write \"N\", say."
                    "text"
    ]

let private content =
    testList "content" [
        testProperty "shapes of equal dims are equal, and hash alike"
        <| Prop.forAll anyShape (fun a ->
            let b = shapeOf (a.Dims.ToArray())

            a = b
            && Shape.op_Equality (a, b)
            && a.GetHashCode() = b.GetHashCode()
            && a.ToString() = b.ToString())

        testProperty "shapes are equal when they print alike, and only then"
        <| Prop.forAll (Arb.fromGen (Gen.two anyShape.Generator)) (fun (a, b) ->
            (a = b) = (a.ToString() = b.ToString()) && Shape.op_Inequality (a, b) = (a <> b))

        testCase "the default is the scalar"
        <| fun () ->
            for scalar in [ Unchecked.defaultof<Shape>; Shape.Scalar; shapeOf []; Shape.Of Seq.empty<int> ] do
                Expect.equal scalar Shape.Scalar "one scalar shape"
                Expect.equal (scalar.Rank, scalar.Size, scalar.IsKnown, scalar.ToString()) (0, 1, true, "[]") "its facts"
                Expect.equal (scalar.GetHashCode()) (Shape.Scalar.GetHashCode()) "its hash"

        testCase "a shape keeps its own copy of the dims"
        <| fun () ->
            let dims = [| Dim 2; Dim 3 |]
            let shape = Shape(dims)
            dims[0] <- Dim 7
            Expect.equal (shape.ToString()) "[2,3]" "the array changed, the shape did not"

        testProperty "With replaces one dim alone"
        <| Prop.forAll (Arb.fromGen (dimsOfRanks 1 4)) (fun dims ->
            List.forall
                (fun axis ->
                    let replaced = (shape dims).With(axis, Dim "K")
                    let expected = dims |> List.map Dim |> List.updateAt axis (Dim "K")
                    List.ofArray (replaced.Dims.ToArray()) = expected)
                [ 0 .. dims.Length - 1 ])

        testProperty "Bind replaces the symbols it knows, and leaves the others"
        <| Prop.forAll anyShape (fun shape ->
            let bound = shape.Bind(Dictionary(dict [ "N", 11; "W", 13 ]))

            let expected =
                shape.Dims.ToArray()
                |> Array.map (fun d ->
                    match d.Symbol with
                    | "N" -> Dim 11
                    | "W" -> Dim 13
                    | _ -> d)

            bound = shapeOf expected)

        testProperty "a known shape gives its dims back as numbers"
        <| Prop.forAll knownDims (fun dims -> List.ofArray ((shape dims).ToArray()) = dims)

        testCase "a tensor type prints dtype and shape"
        <| fun () ->
            let texts =
                [ DType.F32; DType.F64; DType.I32; DType.Bool ]
                |> List.map (fun dtype -> TensorType(dtype, (shapeOf [ Dim "N"; Dim 3 ])).ToString())

            Expect.equal texts [ "f32[N,3]"; "f64[N,3]"; "i32[N,3]"; "bool[N,3]" ] "types"

            Expect.equal ([ DType.F32; DType.F64; DType.I32; DType.Bool ] |> List.map DTypes.ByteSize) [ 4; 8; 4; 1 ] "bytes of an element"
    ]

let private size =
    testList "size" [
        testProperty "the size is the product of the dims"
        <| Prop.forAll knownDims (fun dims -> (shape dims).Size = List.fold (*) 1 dims)

        testCase "the greatest tensor holds 2^31 - 1 elements"
        <| fun () -> Expect.equal (shape [ 1; Int32.MaxValue; 1 ]).Size Int32.MaxValue "size"

        testCase "a size that does not fit is an error, and never wraps"
        <| fun () ->
            for dims in [ [ 65536; 32768 ]; [ 65536; 65536 ]; [ Int32.MaxValue; Int32.MaxValue; Int32.MaxValue ]; List.replicate 9 65536 ] do
                Expect.equal
                    (message (fun () -> (shape dims).Size))
                    $"shape: a tensor holds at most 2147483647 elements; got {shape dims}."
                    "text"

        testCase "nothing times anything is nothing"
        <| fun () ->
            for dims in [ [ 0 ]; [ Int32.MaxValue; Int32.MaxValue; 0 ]; [ 0; Int32.MaxValue; Int32.MaxValue ] ] do
                Expect.equal (shape dims).Size 0 "size"

        testCase "a symbol has no size"
        <| fun () ->
            Expect.stringContains
                (message (fun () -> (shapeOf [ Dim 2; Dim "N" ]).Size))
                "a dim must be a number where its extent is asked for; got \"N\""
                "text"
    ]

let private broadcasting =
    testList "broadcasting" [
        testProperty "two shapes give one result, whichever comes first"
        <| Prop.forAll (broadcastable 2) (fun case -> infer case.Parts = case.Result && infer (List.rev case.Parts) = case.Result)

        testProperty "three shapes give one result, however they are grouped"
        <| Prop.forAll (broadcastable 3) (fun case ->
            match case.Parts with
            | [ a; b; c ] ->
                infer [ infer [ a; b ]; c ] = case.Result
                && infer [ a; infer [ b; c ] ] = case.Result
            | _ -> false)

        testProperty "a shape broadcasts with itself and with a scalar to itself"
        <| Prop.forAll anyShape (fun s ->
            infer [ s; s ] = s
            && infer [ s; Shape.Scalar ] = s
            && infer [ Shape.Scalar; s ] = s)

        testProperty "a rank never rises silently"
        <| Prop.forAll (Arb.fromGen (dimsOfRanks 1 3)) (fun dims ->
            let low, high = shape dims, shape (1 :: dims)
            Expect.stringContains (message (fun () -> infer [ low; high ])) "ranks must agree" "low, high"
            Expect.stringContains (message (fun () -> infer [ high; low ])) "ranks must agree" "high, low")

        testProperty "dims that differ, neither of them 1, are refused"
        <| Prop.forAll (Arb.fromGen (dimsOfRanks 1 4)) (fun dims ->
            for axis in 0 .. dims.Length - 1 do
                let a, b = List.updateAt axis 11 dims, List.updateAt axis 13 dims
                Expect.stringContains (message (fun () -> infer [ shape a; shape b ])) $"(11 != 13 at axis {axis})" "names the axis")

        testCase "a symbol unifies with itself and with 1"
        <| fun () ->
            let n = shapeOf [ Dim "N"; Dim 3 ]
            Expect.equal (infer [ n; n ]) n "N and N"
            Expect.equal (infer [ n; shape [ 1; 3 ] ]) n "N and 1"
            Expect.equal (infer [ shape [ 1; 1 ]; n ]) n "1 and N"

        testCase "a symbol unifies with no other symbol and no number"
        <| fun () ->
            for other in [ Dim "M"; Dim 4; Dim 0 ] do
                let run () =
                    infer [ shapeOf [ Dim "N" ]; shapeOf [ other ] ]

                Expect.stringContains (message run) $"(N != {other} at axis 0)" "refused"
    ]

let private axes =
    testList "axes" [
        testProperty "an axis from the end is the same axis"
        <| Prop.forAll knownDims (fun dims ->
            let s = shape dims

            List.forall (fun axis -> s.Axis(axis, "op") = axis && s.Axis(axis - s.Rank, "op") = axis) [ 0 .. s.Rank - 1 ])

        testProperty "an axis the shape does not have is refused"
        <| Prop.forAll (Arb.fromGen (dimsOfRanks 1 4)) (fun dims ->
            let s = shape dims

            for axis in [ s.Rank; -s.Rank - 1; Int32.MaxValue; Int32.MinValue ] do
                Expect.stringStarts (message (fun () -> s.Axis(axis, "op"))) "op: the axis must be one of" "refused")

        testProperty "a set of axes forgets their order and their signs"
        <| Prop.forAll (Arb.fromGen (Gen.zip (dimsOfRanks 1 4) (Gen.listOfLength 4 (Gen.elements [ true; false ])))) (fun (dims, flags) ->
            let s = shape dims

            let chosen = [
                for axis in 0 .. s.Rank - 1 do
                    if flags[axis] then
                        axis
            ]

            let mixed =
                chosen
                |> List.rev
                |> List.mapi (fun i axis -> if i % 2 = 0 then axis - s.Rank else axis)

            let set = Axes.Of(s, ReadOnlySpan(Array.ofList mixed), "op")
            let expected = if chosen.IsEmpty then [ 0 .. s.Rank - 1 ] else chosen

            List.ofSeq (set.List()) = expected
            && set.Count = expected.Length
            && List.forall (fun axis -> set.Contains axis = List.contains axis expected) [ 0 .. s.Rank ]
            && set = Axes(List.sumBy (fun axis -> 1u <<< axis) expected))

        testCase "a set prints its axes in order"
        <| fun () ->
            Expect.equal (Axes.Of(shape [ 2; 3; 5 ], ReadOnlySpan [| -1; 0 |], "op").ToString()) "{0,2}" "text"
            Expect.equal ((Axes 0u).ToString()) "{}" "the empty set"

        testCase "all axes of every rank that a set can hold"
        <| fun () ->
            for rank in 0..32 do
                Expect.equal (List.ofSeq (Axes.All(rank).List())) [ 0 .. rank - 1 ] $"rank {rank}"
    ]

let private ints =
    testList "ints" [
        testProperty "lists are equal by content, and hash alike"
        <| fun (a: int list) (b: int list) ->
            let x, y, copy = list a, list b, list a

            x = copy
            && x.GetHashCode() = copy.GetHashCode()
            && (x = y) = (a = b)
            && Ints.op_Inequality (x, y) = (a <> b)

        testProperty "a list gives its numbers back"
        <| fun (a: int list) ->
            let x = list a

            List.ofArray (x.Span.ToArray()) = a
            && x.Count = a.Length
            && List.forall (fun i -> x[i] = a[i]) [ 0 .. a.Length - 1 ]

        testCase "the default is the empty list"
        <| fun () ->
            Expect.equal Unchecked.defaultof<Ints> (list []) "equal"
            Expect.equal ((Unchecked.defaultof<Ints>).ToString()) "()" "text"
            Expect.equal ((list [ 1; 0; 2 ]).ToString()) "(1,0,2)" "text"

        testCase "a list keeps its own copy"
        <| fun () ->
            let values = [| 1; 2 |]
            let ints = Ints(values)
            values[0] <- 7
            Expect.equal ints (list [ 1; 2 ]) "the array changed, the list did not"
    ]

[<Tests>]
let tests = testList "shape" [ dim; content; size; broadcasting; axes; ints ]
