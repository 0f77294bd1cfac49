/// Fast math: each law of its own fires where it is asked for, keeps ordinary values, and does nothing where it is not.
module Cv.Tests.FastMathTests

open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Generators
open Expecto

let private x = Expr.Input("x", shape [ 2; 3 ], DType.F64)
let private row = Expr.Input("row", shape [ 2; 1 ], DType.F64)
let private positive = x * x + 0.5

/// A law, a node that it fires on, and what the passes make of the node then.
let private examples: (string * Expr * string list) list = [
    "x * 0 = 0", x * 0.0, [ "%0 : f64[2,3] = broadcast [2,3] 0"; "return %0" ]
    "0 / x = 0", 0.0 / x, [ "%0 : f64[2,3] = broadcast [2,3] 0"; "return %0" ]
    "x - x = 0", x - x, [ "%0 : f64[2,3] = broadcast [2,3] 0"; "return %0" ]
    "x / x = 1", x / x, [ "%0 : f64[2,3] = broadcast [2,3] 1"; "return %0" ]
    "x / c = x (1 / c)", x / 10.0, [ "%0 : f64[2,3] = input \"x\""; "%1 : f64[2,3] = mul %0 0.1"; "return %1" ]
    "x / y = x (1 / y), for a y that repeats",
    x / row,
    [
        "%0 : f64[2,3] = input \"x\""
        "%1 : f64[2,1] = input \"row\""
        "%2 : f64[2,1] = div 1 %1"
        "%3 : f64[2,3] = mul %0 %2"
        "return %3"
    ]
    "(x c) d = x (c d)", x * 3.0 * 0.5, [ "%0 : f64[2,3] = input \"x\""; "%1 : f64[2,3] = mul %0 1.5"; "return %1" ]
    "(x + c) + d = x + (c + d)", x + 3.0 + 0.5, [ "%0 : f64[2,3] = input \"x\""; "%1 : f64[2,3] = add %0 3.5"; "return %1" ]
    "sum c x = c sum x",
    (x * 3.0).Sum([| 1 |], true),
    [ "%0 : f64[2,3] = input \"x\""; "%1 : f64[2,1] = reduce_sum {1} %0"; "%2 : f64[2,1] = mul %1 3"; "return %2" ]
    "exp a exp b = exp(a + b)",
    x.Exp() * row.Exp(),
    [
        "%0 : f64[2,3] = input \"x\""
        "%1 : f64[2,1] = input \"row\""
        "%2 : f64[2,3] = add %0 %1"
        "%3 : f64[2,3] = exp %2"
        "return %3"
    ]
    "exp(log x) = x", x.Log().Exp(), [ "%0 : f64[2,3] = input \"x\""; "return %0" ]
    "sqrt x sqrt x = x", x.Sqrt() * x.Sqrt(), [ "%0 : f64[2,3] = input \"x\""; "return %0" ]
    "x^3 = x x x; x^4 = (x x)(x x); x^(1/2) = sqrt x; x^(-1/2) = 1 / sqrt x",
    x.Pow 3.0,
    [ "%0 : f64[2,3] = input \"x\""; "%1 : f64[2,3] = mul %0 %0"; "%2 : f64[2,3] = mul %1 %0"; "return %2" ]
]

let private fast = Pipeline.For(CompileOptions(FastMath = true))

let private dump (passes: Pass seq) (node: Expr) =
    Pass.RunAll(passes, Graph node).ToString().Trim().Split '\n'

let private run fastMath (node: Expr) values =
    let options = CompileOptions(Threads = 1, FastMath = fastMath)
    (Compile.Function(Graph node, options)).Call(Run.bind [ node ] values).[0].ToDoubles()

/// More nodes, among them the powers that have no dump above.
let private others = [
    positive.Pow 4.0
    positive.Pow 0.5
    positive.Pow -0.5
    x.Softmax()
    x / 1e-3
    (x - row) * 3.0 * 2.0 + 1.0 + 2.0
    (positive.Log().Exp() / row).Sum()
]

[<Tests>]
let tests =
    testList "fast math" [
        testCase "each law has an example here"
        <| fun () -> Expect.sequenceEqual (examples |> List.map (fun (law, _, _) -> law)) (FastMath.Laws |> Seq.map _.Text) "laws"

        for law, node, expected in examples do
            testCase law
            <| fun () ->
                Expect.sequenceEqual (dump fast node) expected "with fast math"
                Expect.notEqual (List.ofArray (dump Pipeline.Passes node)) expected "without"

        for i, node in List.indexed ((examples |> List.map (fun (_, node, _) -> node)) @ others) do
            testCase $"example {i} keeps what is finite"
            <| fun () ->
                // square roots and logarithms are of positive numbers alone
                let values =
                    Evaluate.randomBindings 9 [ node ]
                    |> List.map (fun (name, numbers) -> name, Array.map abs numbers)

                Expect.isTrue (Run.near 1e-14 [ run true node values ] [ run false node values ]) $"{Evaluate.text [ node ]}"

        testCase "is off unless asked for: what would be lost is there"
        <| fun () ->
            let values = [ "x", [| nan; infinity; 1.0; 0.0; -1.0; -infinity |] ]
            Expect.equal (run false (x * 0.0) values |> Array.filter System.Double.IsNaN |> Array.length) 3 "NaN and infinities times 0"
            Expect.equal (run true (x * 0.0) values) (Array.zeroCreate 6) "zeros, where asked for"

        testCase "a reciprocal that would lose digits is not taken"
        <| fun () ->
            let far = x / 1e308
            Expect.sequenceEqual (dump fast far) (dump Pipeline.Passes far) "1e-308 is not a normal number"
    ]
