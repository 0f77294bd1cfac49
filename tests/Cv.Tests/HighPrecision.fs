/// Elementary functions to about 70 digits, from series on whole numbers: what f64 results are held against.
module Cv.Tests.HighPrecision

open System
open System.Numerics

let private bits = 320

/// A number M 2^E; the fraction is cut to so many bits.
[<Struct; CustomEquality; NoComparison>]
type Big = {
    M: BigInteger
    E: int
} with

    override _.Equals _ = invalidOp "compare by ulps"
    override _.GetHashCode() = 0

let private cutTo bits (x: Big) =
    let excess = int (BigInteger.Abs(x.M).GetBitLength()) - bits

    if excess > 0 then
        { M = x.M >>> excess; E = x.E + excess }
    else
        x

let private cut = cutTo bits

let whole (n: BigInteger) = { M = n; E = 0 }
let private int' (n: int) = whole (BigInteger n)

/// The number that a double is.
let ofFloat (x: float) =
    let raw = BitConverter.DoubleToInt64Bits x
    let exponent = int (raw >>> 52) &&& 0x7FF
    let fraction = raw &&& 0xFFFFFFFFFFFFFL

    let size, e =
        if exponent = 0 then
            fraction, -1074
        else
            (fraction ||| 0x10000000000000L), exponent - 1075

    { M = BigInteger(if x < 0.0 then -size else size); E = e }

let negate x = { x with M = -x.M }
let scale power x = { x with E = x.E + power }

let private sum a b =
    if a.M.IsZero then
        b
    elif b.M.IsZero then
        a
    else
        let e = min a.E b.E
        { M = (a.M <<< a.E - e) + (b.M <<< b.E - e); E = e }

let add a b =
    // what is this far below the other does not count; aligning the two would take memory
    let top x =
        int (BigInteger.Abs(x.M).GetBitLength()) + x.E

    if not a.M.IsZero && not b.M.IsZero && top a - top b > 4 * bits then
        a
    elif not a.M.IsZero && not b.M.IsZero && top b - top a > 4 * bits then
        b
    else
        cut (sum a b)

let sub a b = add a (negate b)
let mul a b = cut { M = a.M * b.M; E = a.E + b.E }

let private divTo bits a b =
    let shift = bits + int (BigInteger.Abs(b.M).GetBitLength())
    cutTo bits { M = (a.M <<< shift) / b.M; E = a.E - b.E - shift }

let div = divTo bits

/// Adds terms until they no longer count.
let private series (first: Big) (next: int -> Big -> Big) =
    let mutable term, total, k = first, first, 1

    let counts () =
        not term.M.IsZero
        && int (BigInteger.Abs(term.M).GetBitLength()) + term.E > int (BigInteger.Abs(total.M).GetBitLength()) + total.E - bits

    while counts () do
        term <- next k term
        total <- add total term
        k <- k + 1

    total

/// atanh(1/n) = 1/n + 1/(3 n^3) + ..., or atan(1/n) with signs, on whole numbers of so many bits after the point.
let private inverse sign places (n: int) =
    let square = BigInteger(n * n)
    let mutable power = (BigInteger.One <<< places) / BigInteger n
    let mutable total, k, s = power, 1, sign

    while not power.IsZero do
        power <- power / square
        k <- k + 2
        total <- total + BigInteger(s: int) * power / BigInteger k
        s <- s * sign

    { M = total; E = -places }

/// ln 2 = 18 atanh(1/26) - 2 atanh(1/4801) + 8 atanh(1/8749)
let logOfTwo =
    let part weight n =
        mul (int' weight) (inverse 1 (bits + 32) n)

    add (part 18 26) (add (part -2 4801) (part 8 8749))

/// pi = 16 atan(1/5) - 4 atan(1/239), with enough bits to reduce the largest double.
let private longPi =
    let places = 1600

    sum { inverse -1 places 5 with E = -places + 4 } (negate { inverse -1 places 239 with E = -places + 2 })

let pi = cut longPi

let exp (x: Big) (near: float) =
    let n = int (Math.Round(near / Math.Log 2.0))
    let r = scale -12 (sub x (mul (int' n) logOfTwo))

    let small = series (int' 1) (fun k term -> div (mul term r) (int' k))

    scale n (Seq.fold (fun y _ -> mul y y) small (seq { 1..12 }))

let expOf x = exp (ofFloat x) x

let expm1Of x = sub (expOf x) (int' 1)

/// log x by one step from a value near it: with d = x exp(-y) - 1 of about 2^-52, log x = y + d - d^2/2 + ...
let private logBy (near: float) (x: Big) =
    let d = sub (mul x (expOf -near)) (int' 1)
    let powers = Seq.unfold (fun p -> Some(p, mul p d)) d |> Seq.truncate 6

    powers
    |> Seq.indexed
    |> Seq.fold (fun y (i, p) -> add y (div p (int' (if i % 2 = 0 then i + 1 else -i - 1)))) (ofFloat near)

let logOf (x: float) = logBy (Math.Log x) (ofFloat x)

let log1pOf (x: float) =
    logBy (Cv.Dsl.SpecialFunctions.Log1p x) (add (int' 1) (ofFloat x))

let sigmoidOf x = div (int' 1) (add (int' 1) (expOf -x))

let tanhOf (x: float) =
    let e = expOf (2.0 * x)
    div (sub e (int' 1)) (add e (int' 1))

let powOf (a: float) (b: float) =
    let y = mul (ofFloat b) (logOf a)
    exp y (b * Math.Log a)

/// erf x = 2 / sqrt pi (x - x^3/3 + x^5/(2! 5) - ...)
let erfOf (x: float) =
    let v = ofFloat x
    let square = negate (mul v v)
    let mutable power, total, k = v, v, 1

    while not power.M.IsZero
          && int (BigInteger.Abs(power.M).GetBitLength()) + power.E > -bits - 1100 do
        power <- div (mul power square) (int' k)
        total <- add total (div power (int' (2 * k + 1)))
        k <- k + 1

    // the root by Newton's steps on whole numbers
    let places = 2 * bits

    let radicand =
        if pi.E + places >= 0 then
            pi.M <<< pi.E + places
        else
            pi.M >>> -(pi.E + places)

    let mutable root = BigInteger.One <<< (bits + 2)
    let mutable next = (root + radicand / root) >>> 1

    while next < root do
        root <- next
        next <- (root + radicand / root) >>> 1

    scale 1 (div total { M = root; E = -places / 2 })

/// Gives n and r with x = n pi/2 + r.
let private reduce (x: float) =
    let v = ofFloat x
    let quarter = scale -1 longPi
    let ratio = divTo 2200 v quarter

    let n =
        if ratio.E >= 0 then
            ratio.M <<< ratio.E
        else
            ((ratio.M >>> -ratio.E - 1) + BigInteger.One) >>> 1

    n, cut (sum v (negate { quarter with M = quarter.M * n }))

let private turned quarters (x: float) =
    let n, r = reduce x
    let square = negate (mul r r)

    let from first offset =
        series first (fun k term -> div (mul term square) (int' ((2 * k + offset) * (2 * k + offset - 1))))

    match int ((n + BigInteger(quarters: int)) &&& BigInteger 3) with
    | 0 -> from r 1
    | 1 -> from (int' 1) 0
    | 2 -> negate (from r 1)
    | _ -> negate (from (int' 1) 0)

let sinOf x = turned 0 x
let cosOf x = turned 1 x

/// The distance of a double from a number, in units of the last place of doubles as large as that number.
let ulps (got: float) (want: Big) =
    let size = int (BigInteger.Abs(want.M).GetBitLength()) + want.E
    let last = max (size - 53) -1074
    let off = sum (ofFloat got) (negate want)
    let cutOff = cutTo 60 off
    Math.ScaleB(abs (float cutOff.M), cutOff.E - last)
