/// Ops of somebody's own, in an assembly of their own, one or more of each family: compiled, they are what they say of themselves, wherever they stand.
module Cv.Tests.ForeignOpTests

open System
open System.Collections.Generic
open Cv.Compiler
open Cv.Dsl
open Cv.Foreign
open Cv.Testing
open Cv.Tests.Generators
open Cv.Tests.Run
open Expecto

let private ops =
    typeof<Product>.Assembly.GetTypes()
    |> Array.filter (fun t -> t.IsSubclassOf typeof<Op> && not t.IsAbstract)
    |> Array.sortBy _.Name
    |> List.ofArray

let private leaves (y: Expr) =
    Expr.Nodes y |> Seq.filter (fun node -> node.Op :? Input) |> List.ofSeq

let private floats (y: Expr) =
    leaves y |> List.filter _.DType.IsFloat()

let private onFloats (change: Expr -> Expr) (y: Expr) =
    let changed = dict [ for leaf in floats y -> leaf, change leaf ]

    y.Rebuild(fun node operands ->
        match changed.TryGetValue node with
        | true, other -> other
        | _ -> node.With operands)

let private asFloat (y: Expr) =
    if y.DType.IsFloat() then y else y.Cast DType.F32

/// Where a node may stand: alone, between others that would fuse with it, in bodies, on constants, differentiated, in a batch.
let private places: (string * (Expr -> Expr list)) list = [
    "alone", (fun y -> [ y ])
    "fused with what makes its operands", (fun y -> [ onFloats (fun x -> (x * 1.5).Tanh() + 0.75) y ])
    "fused with what reads it", (fun y -> let z = asFloat y in [ (z * 2.0 + 1.0).Sigmoid(); (z - 0.5).Sum(); z.Max() ])
    "on constants", (fun y -> [ onFloats (fun x -> x.Like(0.625).BroadcastTo x.Shape) y ])
    "on counts",
    (fun y -> [
        onFloats
            (fun x ->
                if x.Shape.Rank = 0 || x.Shape.Size = 0 then
                    x
                else
                    Expr.Iota(x.Shape, x.Shape.Rank - 1, x.DType) + 0.5)
            y
    ])
    "in a checkpoint",
    (fun y ->
        match floats y with
        | x :: _ -> [ x.Checkpoint(fun v -> asFloat (onFloats (fun other -> if other = x then v else other) y)) ]
        | [] -> [])
    "in a scan",
    (fun y ->
        match floats y with
        | x :: _ ->
            let xs =
                Expr.Input("xs", Shape(ReadOnlySpan [| Dim 3; yield! x.Shape.Dims.ToArray() |]), x.DType)

            let struct (_, outputs) =
                Expr.Scan(
                    Array.empty<Expr>,
                    [| xs |],
                    Func<Expr[], Expr[], struct (Expr[] * Expr[])>(fun _ e ->
                        struct ([||], [| y.Substitute(Dictionary(dict [ x, e[0] ])) |]))
                )

            List.ofSeq outputs
        | [] -> [])
    "in a batch",
    (fun y ->
        match floats y with
        | [] -> []
        | xs -> [ Vmap.Of(y, Dim 3, Array.ofList xs) ])
    "differentiated",
    (fun y ->
        let z = asFloat y

        match floats y with
        | [] -> []
        | _ when Expr.Nodes y |> Seq.exists (fun n -> n.DType = DType.I32) -> []
        | xs -> List.ofSeq (Gradient.Of((z * z).Sum(), Array.ofList xs, Unreached.Zero)))
]

let private agree (what: string) (outputs: Expr list) =
    for dtype in [ DType.F32; DType.F64 ] do
        let typed = outputs |> List.map _.WithDType(dtype)
        let values = Evaluate.randomBindings 7 typed
        let tolerance = if dtype = DType.F32 then 1e-5 else 1e-13
        let expected = interpreted typed values

        for width in widths do
            let actual = compiled width 1 typed values

            if not (near tolerance actual expected) then
                failtest $"{what}, {dtype}, {width}: %A{actual} where it says %A{expected}"

[<Tests>]
let tests =
    testList "ops of somebody's own" [
        for op in ops do
            for place, put in places do
                testCase $"{op.Name}, {place}"
                <| fun () ->
                    for sample in Catalogue.samples op do
                        agree $"{op.Name} {place}" (put sample)

        testCase "every family that is open has one"
        <| fun () ->
            let families =
                typeof<Op>.Assembly.GetTypes()
                |> Array.filter (fun t ->
                    t.IsSubclassOf typeof<Op>
                    && t.IsAbstract
                    && t <> typeof<Closure>
                    && t <> typeof<Named>)

            for family in families do
                Expect.isTrue (ops |> List.exists _.IsSubclassOf(family)) $"an op of the family {family.Name}"

        testCase "two whose attributes differ are two kernels"
        <| fun () ->
            let x = Expr.Input("x", shape [ 3; 4 ])
            agree "attributes" [ for factor in [ 2.0; 3.0; -1.0 ] -> Expr.Of(Scaled factor, [| x |]) ]
            agree "axes" [ for axis in 0..1 -> Expr.Of(Rolled(axis, 1), [| x |]) ]

        testCase "a leaf of somebody's own may have symbols"
        <| fun () ->
            let eye =
                Expr.Of(Eye(TensorType(DType.F32, shapeOf [ Dim "N"; Dim "N" ])), Array.empty<Expr>)

            let x = Expr.Input("x", shapeOf [ Dim "N"; Dim "N" ])
            let bound = (x.MatMul eye + eye).Bind(Dictionary(dict [ "N", 5 ]))
            agree "symbols" [ bound ]
    ]
