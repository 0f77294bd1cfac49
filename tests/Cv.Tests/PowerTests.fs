/// Derivatives of powers, of orders up to 5, at 0 and beside it: guards look at values, not at how a power is written.
module Cv.Tests.PowerTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Generators
open Expecto

let private exact order (x: float) (power: float) =
    let factor =
        Seq.fold (fun product i -> product * (power - float i)) 1.0 [ 0 .. order - 1 ]

    if factor = 0.0 then
        0.0
    else
        factor * Math.Pow(x, power - float order)

let private points = [| 0.0; -0.0; 1.0; -1.0; 2.0; -0.5; 3.0 |]
let private powers = [| 0.0; 1.0; 2.0; 3.0; 4.0; 5.0 |]

/// Each point in a row, each power in a column.
let private ways dtype =
    let rows, columns = points.Length, powers.Length
    let x = Expr.Input("x", shape [ rows; columns ], dtype)

    let bound name =
        Expr.Input(name, shape [ 1; columns ], dtype)

    let each power =
        Expr.Concat(1, [| for i in 0 .. columns - 1 -> power (x.Slice(1, i, 1)) powers[i] |])

    [
        "a number", x, each (fun x p -> x.Pow(p: float))
        "a broadcast number", x, each (fun x p -> x.Pow(x.Like(p).BroadcastTo x.Shape))
        "a reshaped number", x, each (fun x p -> x.Pow(x.Like(p).Reshape(1, 1)))
        "numbers computed from numbers", x, each (fun x p -> x.Pow(x.Like(p + 1.0) - 1.0))
        "an array", x, x.Pow(Expr.Literal(shape [ 1; columns ], powers, dtype))
        "an input", x, x.Pow(bound "power")
        "a gate of two", x, x.Apply(Gate.Define("raised", (fun (x: float) (p: float) -> Math.Pow(x, p))), bound "power")
        "gates of one", x, each (fun x p -> x.Apply(Gate.Define("raised", (fun (x: float) -> Math.Pow(x, p)))))
    ]

let private back x (y: Expr) =
    Gradient.Of(y.Sum(), [| x |], Unreached.Zero)[0]

let private forward (x: Expr) (y: Expr) =
    Jvp.Of(y, [| x |], [| (x.Like 1.0).BroadcastTo x.Shape |], Unreached.Zero)

let private derivatives =
    testList "powers at 0 and beside it" [
        for dtype in [ DType.F32; DType.F64 ] do
            for name, x, y in ways dtype do
                testCase $"{name}, {dtype}" (fun () ->
                    let orders = [ 1..5 ]

                    let all step =
                        orders |> List.scan (fun y _ -> step y) y |> List.tail
                    // back and forward by turns, too
                    let mixed =
                        orders
                        |> List.scan (fun y i -> if i % 2 = 0 then back x y else forward x y) y
                        |> List.tail

                    let outputs = all (back x) @ all (forward x) @ mixed
                    let values = [ "x", Array.collect (Array.replicate powers.Length) points; "power", powers ]

                    let expected =
                        [ 1; 2; 3; 4; 5; 1; 2; 3; 4; 5; 1; 2; 3; 4; 5 ]
                        |> List.map (fun order -> [|
                            for x in points do
                                for power in powers -> exact order x power
                        |])

                    for how, actual in
                        [ "interpreted", Run.interpreted outputs values; "compiled", Run.compiled VectorWidth.Bits256 1 outputs values ] do
                        List.iteri2
                            (fun i actual expected ->
                                Expect.isTrue
                                    (Run.near (if dtype = DType.F32 then 1e-5 else 1e-12) [ actual ] [ expected ])
                                    $"{how}, result {i}: %A{actual}\nand not %A{expected}")
                            actual
                            expected)
    ]

/// By the base and by the power, in both orders: 1 / a at the power 0.
let private both =
    testCase "the mixed derivative at the power 0"
    <| fun () ->
        let a, b =
            Expr.Input("a", shape [ 3 ], DType.F64), Expr.Input("b", shape [ 3 ], DType.F64)

        let y = a.Pow b
        let by (x: Expr) (y: Expr) = Gradient.Of(y.Sum(), x)[0]
        let outputs = [ by b (by a y); by a (by b y) ]
        let values = [ "a", [| 0.5; 2.0; 4.0 |]; "b", [| 0.0; 0.0; 0.0 |] ]

        for actual in [ Run.interpreted outputs values; Run.compiled VectorWidth.Bits256 1 outputs values ] do
            Expect.equal actual [ [| 2.0; 0.5; 0.25 |]; [| 2.0; 0.5; 0.25 |] ] "1 / a"

[<Tests>]
let tests = testList "powers" [ derivatives; both ]
