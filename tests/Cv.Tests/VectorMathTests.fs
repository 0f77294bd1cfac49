/// The vector functions of compiled kernels over the whole range of their arguments: against the library's f64 functions in f32, against series of
/// whole numbers in f64, and with the same bits at every width.
module Cv.Tests.VectorMathTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

/// A function, its value to f64, its value to many digits, and the ulp allowed in f32 and f64.
type private Function = {
    Name: string
    Node: Expr -> Expr
    Exact: float -> float
    Precise: float -> HighPrecision.Big
    Narrow: float
    Wide: float
    /// From where on f64 has one value, and below which magnitude the function is its argument or a constant.
    Low: float
    High: float
    /// What must come out for 0, -0, 1, -1, NaN, infinity and -infinity; nan where the sweep says it all.
    AtSpecials: float[]
}

let private functions = [
    {
        Name = "exp"
        Node = _.Exp()
        Exact = Math.Exp
        Precise = HighPrecision.expOf
        Narrow = 1.0
        Wide = 1.0
        Low = -745.0
        High = 709.78
        AtSpecials = [| 1.0; 1.0; nan; nan; nan; infinity; 0.0 |]
    }
    {
        Name = "log"
        Node = _.Log()
        Exact = Math.Log
        Precise = HighPrecision.logOf
        Narrow = 1.0
        Wide = 1.0
        Low = 5e-324
        High = Double.MaxValue
        AtSpecials = [| -infinity; -infinity; 0.0; nan; nan; infinity; nan |]
    }
    {
        Name = "log1p"
        Node = _.Log1p()
        Exact = SpecialFunctions.Log1p
        Precise = HighPrecision.log1pOf
        Narrow = 2.0
        Wide = 2.0
        Low = -1.0 + 1.2e-16
        High = Double.MaxValue
        AtSpecials = [| 0.0; -0.0; nan; -infinity; nan; infinity; nan |]
    }
    {
        Name = "expm1"
        Node = _.Expm1()
        Exact = SpecialFunctions.Expm1
        Precise = HighPrecision.expm1Of
        Narrow = 2.0
        Wide = 2.0
        Low = -745.0
        High = 709.78
        AtSpecials = [| 0.0; -0.0; nan; nan; nan; infinity; -1.0 |]
    }
    {
        Name = "tanh"
        Node = _.Tanh()
        Exact = Math.Tanh
        Precise = HighPrecision.tanhOf
        Narrow = 3.5
        Wide = 4.0
        Low = -22.0
        High = 22.0
        AtSpecials = [| 0.0; -0.0; nan; nan; nan; 1.0; -1.0 |]
    }
    {
        Name = "sigmoid"
        Node = _.Sigmoid()
        Exact =
            (fun x ->
                if x < 0.0 then
                    Math.Exp x / (1.0 + Math.Exp x)
                else
                    1.0 / (1.0 + Math.Exp -x))
        Precise = HighPrecision.sigmoidOf
        Narrow = 2.0
        Wide = 2.0
        Low = -745.0
        High = 40.0
        AtSpecials = [| 0.5; 0.5; nan; nan; nan; 1.0; 0.0 |]
    }
    {
        Name = "erf"
        Node = _.Erf()
        Exact = SpecialFunctions.Erf
        Precise = HighPrecision.erfOf
        Narrow = 2.0
        Wide = 4.0
        Low = -6.2
        High = 6.2
        AtSpecials = [| 0.0; -0.0; nan; nan; nan; 1.0; -1.0 |]
    }
    {
        Name = "sin"
        Node = _.Sin()
        Exact = Math.Sin
        Precise = HighPrecision.sinOf
        Narrow = 2.0
        Wide = 2.0
        Low = Double.MinValue
        High = Double.MaxValue
        AtSpecials = [| 0.0; -0.0; nan; nan; nan; nan; nan |]
    }
    {
        Name = "cos"
        Node = _.Cos()
        Exact = Math.Cos
        Precise = HighPrecision.cosOf
        Narrow = 2.0
        Wide = 2.0
        Low = Double.MinValue
        High = Double.MaxValue
        AtSpecials = [| 1.0; 1.0; nan; nan; nan; nan; nan |]
    }
]

/// Runs a node at each width, and on two threads, and asks for the same bits.
let private sameEverywhere (node: Expr) (bindings: Binding[]) =
    let run width threads =
        (Compile.Function(Graph node, CompileOptions(Threads = threads, Width = width))).Call(bindings).[0].ToDoubles()

    let first = run VectorWidth.Bits128 1

    for width, threads in [ VectorWidth.Bits256, 2; VectorWidth.Bits512, 1 ] do
        let other = run width threads

        for i in 0 .. first.Length - 1 do
            if not (first[i].Equals other[i]) then
                failtest $"number {i} is {first[i]:R} with 128 bits, and {other[i]:R} with {width}"

    first

let private apply (f: Expr -> Expr) (values: Tensor) =
    sameEverywhere (f (Expr.Input("x", values.Shape, values.DType))) [| Binding("x", values) |]

let private applyPower (bases: Tensor) (powers: Tensor) =
    let leaf name (values: Tensor) =
        Expr.Input(name, values.Shape, values.DType)

    sameEverywhere ((leaf "a" bases).Pow(leaf "b" powers)) [| Binding("a", bases); Binding("b", powers) |]

/// The error of an f32 in units of the last place of floats as large as the exact result; infinity counts as the number after the largest.
let private ulp32 (got: float) (exact: float) =
    let beyond = 2.0 ** 128.0
    let bounded x = max -beyond (min beyond x)

    if Double.IsNaN exact || Double.IsNaN got then
        if Double.IsNaN exact && Double.IsNaN got then
            0.0
        else
            infinity
    elif got = exact then
        0.0
    else
        let exponent = max -126 (min 127 (Math.ILogB(bounded exact)))
        abs (bounded got - bounded exact) / Math.ScaleB(1.0, exponent - 23)

/// Every so many of all floats: each exponent, both signs, subnormal numbers, infinities, NaN.
let private floats =
    lazy
        (let stride = 8191L
         let count = int ((1L <<< 32) / stride)

         let special = [|
             0.0f
             -0.0f
             1.0f
             -1.0f
             nanf
             infinityf
             -infinityf
             Single.Epsilon
             -Single.Epsilon
             Single.MaxValue
             Single.MinValue
             1.17549435e-38f
             1.17549421e-38f
             88.7228317f
             88.7228394f
             -87.3365479f
             -103.972076f
             -103.972084f
             1e5f
             100000.008f
         |]

         Array.append special (Array.init count (fun i -> BitConverter.Int32BitsToSingle(int32 (int64 i * stride)))))

let private narrow =
    testList "f32" [
        for f in functions do
            testCase $"{f.Name}"
            <| fun () ->
                let values = floats.Value
                let got = apply f.Node (Tensor.From(shape [ values.Length ], values))
                let mutable worst, at = 0.0, 0

                for i in 0 .. values.Length - 1 do
                    let error = ulp32 got[i] (f.Exact(float values[i]))

                    if error > worst then
                        worst <- error
                        at <- i

                Expect.isTrue (worst <= f.Narrow) $"{worst:F3} ulp at {values[at]:R}: {got[at]:R} for {f.Exact(float values[at]):R}"
    ]

/// Numbers of every magnitude within the bounds, and evenly spread ones.
let private doubles f =
    let random = Random 7

    let anyMagnitude _ =
        BitConverter.Int64BitsToDouble(random.NextInt64(Int64.MinValue, Int64.MaxValue))

    let low, high = max f.Low -800.0, min f.High 800.0

    [|
        yield!
            Seq.initInfinite anyMagnitude
            |> Seq.filter (fun x -> x >= f.Low && x <= f.High && abs x > 1e-60)
            |> Seq.truncate 500
        yield! Seq.init 1000 (fun _ -> low + (high - low) * random.NextDouble())
        yield! Seq.init 1000 (fun _ -> max f.Low -1.0 + (1.0 - max f.Low -1.0) * random.NextDouble())
        yield!
            Seq.init 300 (fun i -> Math.ScaleB(1.0 + random.NextDouble(), -i / 6))
            |> Seq.filter (fun x -> x <= f.High)
    |]

let private wide =
    testList "f64" [
        for f in functions do
            testCase $"{f.Name}"
            <| fun () ->
                let values = doubles f
                let got = apply f.Node (Tensor.From(shape [ values.Length ], values))
                let errors = Array.map2 (fun x y -> HighPrecision.ulps y (f.Precise x)) values got
                let worst = Array.max errors
                let at = Array.findIndex ((=) worst) errors
                Expect.isTrue (worst <= f.Wide) $"{worst:F3} ulp at {values[at]:R}: {got[at]:R}"
    ]

let private specials = [| 0.0; -0.0; 1.0; -1.0; nan; infinity; -infinity |]

let private special =
    testList "special values" [
        for f in functions do
            for dtype in [ DType.F32; DType.F64 ] do
                testCase $"{f.Name} in {DTypes.Text dtype}"
                <| fun () ->
                    let got = apply f.Node (Tensor.From(shape [ specials.Length ], specials).Cast dtype)

                    for i in 0 .. specials.Length - 1 do
                        let undecided =
                            Double.IsNaN f.AtSpecials[i] && abs specials[i] = 1.0 && f.Name <> "log"

                        if not undecided then
                            let same =
                                got[i].Equals f.AtSpecials[i]
                                && (Double.IsNaN got[i]
                                    || Double.IsNegative got[i] = Double.IsNegative f.AtSpecials[i])

                            Expect.isTrue same $"{f.Name} {specials[i]} is {got[i]}, not {f.AtSpecials[i]}"
    ]

/// Powers that are whole, odd, even, halves, tiny, huge, and none.
let private powers = [|
    0.0
    -0.0
    1.0
    -1.0
    2.0
    -2.0
    3.0
    -3.0
    0.5
    -0.5
    1.0 / 3.0
    -2.5
    7.3
    -11.7
    100.0
    1e-3
    16777217.0
    1e10
    -1e300
    nan
    infinity
    -infinity
|]

let private ofType (dtype: DType) (values: float[]) =
    Tensor.From(shape [ values.Length ], values).Cast dtype

let private powerTests =
    testList "pow" [
        testCase "f32"
        <| fun () ->
            let stride = 171_799L

            let bases =
                Array.init (int ((1L <<< 32) / stride)) (fun i -> float (BitConverter.Int32BitsToSingle(int32 (int64 i * stride))))

            let a, b = Array.allPairs bases powers |> Array.unzip
            let b = (ofType DType.F32 b).ToDoubles()
            let got = applyPower (ofType DType.F32 a) (ofType DType.F32 b)

            for i in 0 .. a.Length - 1 do
                let exact = Math.Pow(a[i], b[i])
                let error = ulp32 got[i] exact
                Expect.isTrue (error <= 1.0) $"{error:F3} ulp for {a[i]:R}^{b[i]:R}: {got[i]:R} for {exact:R}"

        testCase "f64"
        <| fun () ->
            let random = Random 11

            let a =
                Array.init 3000 (fun i ->
                    match i % 3 with
                    | 0 -> Math.ScaleB(1.0 + random.NextDouble(), random.Next(-1074, 1023))
                    | 1 -> 0.5 + random.NextDouble()
                    | _ -> 1.0 + Math.ScaleB(random.NextDouble() - 0.5, -random.Next 40))

            // results of every magnitude
            let b =
                a |> Array.map (fun a -> (random.NextDouble() * 2.0 - 1.0) * 700.0 / Math.Log a)

            let got = applyPower (ofType DType.F64 a) (ofType DType.F64 b)

            for i in 0 .. a.Length - 1 do
                if Double.IsFinite b[i] then
                    let error = HighPrecision.ulps got[i] (HighPrecision.powOf a[i] b[i])
                    Expect.isTrue (error <= 2.0) $"{error:F3} ulp for {a[i]:R}^{b[i]:R}: {got[i]:R}"

        testCase "special values are Math.Pow's"
        <| fun () ->
            let bases =
                Array.append specials [| 2.0; -2.0; 0.5; -0.5; 1e-310; -1e-310; 1e300; -1e300 |]

            let a, b = Array.allPairs bases powers |> Array.unzip

            for dtype in [ DType.F32; DType.F64 ] do
                let a, b = (ofType dtype a).ToDoubles(), (ofType dtype b).ToDoubles()
                let got = applyPower (ofType dtype a) (ofType dtype b)

                for i in 0 .. a.Length - 1 do
                    let want = Math.Pow(a[i], b[i])

                    if want = 0.0 || abs want = 1.0 || not (Double.IsFinite want) then
                        let same =
                            got[i].Equals want
                            && (Double.IsNaN want || Double.IsNegative got[i] = Double.IsNegative want)

                        Expect.isTrue same $"{DTypes.Text dtype} {a[i]:R}^{b[i]:R} is {got[i]:R}, not {want:R}"
    ]

[<Tests>]
let tests =
    testList "vector functions" [
        narrow
        wide
        special
        powerTests
        testCase "the references agree with the library"
        <| fun () ->
            for f in functions do
                for x in [ 0.3; 1.0; 2.75; 5.5; 1e-5 ] do
                    let error = HighPrecision.ulps (f.Exact x) (f.Precise x)
                    Expect.isTrue (error <= 4.0) $"{f.Name} {x}: {error} ulp"
    ]
