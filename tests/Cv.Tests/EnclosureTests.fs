/// Enclosures hold the exact number, at every scale, and are narrow.
module Cv.Tests.EnclosureTests

open System
open Cv.Testing
open Cv.Tests.Generators
open Expecto
open FsCheck.FSharp

// F# finds no operators of types that are internal
let private plus (a: Enclosure) (b: Enclosure) = Enclosure.op_Addition (a, b)
let private minus (a: Enclosure) (b: Enclosure) = Enclosure.op_Subtraction (a, b)
let private times (a: Enclosure) (b: Enclosure) = Enclosure.op_Multiply (a, b)
let private over (a: Enclosure) (b: Enclosure) = Enclosure.op_Division (a, b)
let private negated (a: Enclosure) = Enclosure.op_UnaryNegation a
let private atMost (a: Dyadic) (b: Dyadic) = a.CompareTo b <= 0

let private dyadic (x: HighPrecision.Big) = Dyadic(x.M, int64 x.E)

/// Doubles of every size up to a largest, either sign.
let private ofScale (largest: float) =
    gen {
        let! exponent = Gen.choose (-1022, int (Math.Log2 largest) - 1)
        let! fraction = Gen.choose (0, Int32.MaxValue)
        let! negative = Gen.elements [ true; false ]
        let size = Math.ScaleB(1.0 + float fraction / 2147483648.0, exponent)
        return if negative then -size else size
    }
    |> Arb.fromGen

let private holds (got: Enclosure) (want: HighPrecision.Big) =
    // what the series of the other side is sure of
    let value = Enclosure(dyadic want)
    let sure = value.Widened(value.Magnitude.Scale -240L)

    Expect.isTrue
        (atMost got.Low sure.High && atMost sure.Low got.High)
        $"{got.Low.ToDouble()} to {got.High.ToDouble()} holds {value.Middle}"

    let width = Dyadic.Add(got.High, (negated got).High, true)
    Expect.isTrue (atMost width (value.Magnitude.Scale -200L)) $"{got.Middle} is narrow"

let private functions: (string * float * (float -> bool) * (Enclosure -> Enclosure) * (float -> HighPrecision.Big)) list = [
    let all _ = true
    "exp", 700.0, all, Elementary.Exp, HighPrecision.expOf
    "log", 1e300, (fun x -> x > 0.0), Elementary.Log, HighPrecision.logOf
    "log1p", 1e300, (fun x -> x > -0.99 && abs x > 1e-9), Elementary.Log1p, HighPrecision.log1pOf
    "sin", 1e300, all, Elementary.Sin, HighPrecision.sinOf
    "cos", 1e300, all, Elementary.Cos, HighPrecision.cosOf
    "erf", 5.0, (fun x -> abs x > 1e-100), Elementary.Erf, HighPrecision.erfOf
]

let private apply name x =
    JetFunctions.Apply(name, [| Jet.Of(Enclosure.Of x) |]).Value

[<Tests>]
let tests =
    testList "enclosures" [
        for name, largest, domain, f, exact in functions do
            testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 60 } name
            <| Prop.forAll (ofScale largest) (fun x ->
                if domain x then
                    holds (f (Enclosure.Of x)) (exact x))

        testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 60 } "tanh, sigmoid"
        <| Prop.forAll (ofScale 20.0) (fun x ->
            if abs x > 1e-9 then
                holds (apply "Tanh" x) (HighPrecision.tanhOf x)
                holds (apply "Sigmoid" x) (HighPrecision.sigmoidOf x))

        testCase "identities hold where functions overflow or cancel"
        <| fun () ->
            for x in [ 1e-300; 1e-30; 1e-5; 0.3; 1.0; 3.0; 50.0; 1e3; 1e8 ] do
                for s in [ x; -x ] do
                    let e = Enclosure.Of s

                    let meet a b text =
                        Expect.isFalse (Enclosure.AreDisjoint(a, b)) $"{text} at {s}"

                    meet (plus (Elementary.Expm1 e) Enclosure.One) (Elementary.Exp e) "expm1"
                    meet (minus (apply "Softplus" s) (apply "Softplus" -s)) e "softplus x - softplus -x = x"
                    meet (plus (apply "Sinh" s) (apply "Cosh" s)) (Elementary.Exp e) "sinh + cosh"
                    meet (apply "Asinh" s) (negated (apply "Asinh" -s)) "asinh is odd"
                    let halfPi = Elementary.Pi.Scale -1L
                    // 1 / x rounds: so by the quotient itself
                    let inverse = Elementary.Atan(over Enclosure.One e)
                    meet (plus (apply "Atan" s) inverse) (if s > 0.0 then halfPi else negated halfPi) "atan x + atan 1/x"

                    if abs s < 1.0 then
                        meet (plus (apply "Asin" s) (apply "Acos" s)) (Elementary.Pi.Scale -1L) "asin + acos"
                        meet (apply "Atanh" s) (negated (apply "Atanh" -s)) "atanh is odd"

                    if s > 1.0 then
                        meet
                            (plus (Elementary.Exp(apply "Acosh" s)) (Elementary.Exp(negated (apply "Acosh" s))))
                            (e.Scale 1L)
                            "2 cosh acosh x = 2 x"

                    meet (times (times (apply "Cbrt" s) (apply "Cbrt" s)) (apply "Cbrt" s)) e "cbrt cubed"

        testCase "what has no result is undefined"
        <| fun () ->
            for name, x in [ "Log", -1.0; "Log", 0.0; "Sqrt", -1e-300; "Log1p", -1.0; "Asin", 1.5; "Acosh", 0.5; "Atanh", 1.0 ] do
                Expect.isFalse (apply name x).IsDefined $"{name} {x}"

            Expect.isFalse (over Enclosure.One Enclosure.Zero).IsDefined "1 / 0"

        testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 300 } "arithmetic rounds outwards"
        <| Prop.forAll (Arb.fromGen (Gen.zip (ofScale 1e300).Generator (ofScale 1e300).Generator)) (fun (a, b) ->
            let inside (got: Enclosure) (x: float) text =
                Expect.isTrue (atMost got.Low (Dyadic.Of x) && atMost (Dyadic.Of x) got.High) text

            let e, three = Enclosure.Of a, Enclosure.Of 3.0
            inside (times (over e three) three) a "a / 3 * 3 holds a"
            inside (minus (plus e (Enclosure.Of b)) (Enclosure.Of b)) a "a + b - b holds a"
            let root = Elementary.Sqrt(Enclosure.Of(abs a))
            inside (times root root) (abs a) "a root squared")
    ]
