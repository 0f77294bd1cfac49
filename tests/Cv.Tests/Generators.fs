/// What properties are tried on: shapes, broadcasting partners, numbers away from kinks.
module Cv.Tests.Generators

open System
open Cv.Dsl
open FsCheck
open FsCheck.FSharp

/// Makes a shape of known extents.
let shape (dims: int seq) = Shape.Of dims

/// Makes a shape of numbers and symbols.
let shapeOf (dims: Dim seq) = Shape(ReadOnlySpan(Array.ofSeq dims))

/// Known extents: distinct primes, so that no axis passes for another, and ones, which broadcast.
let dims rank =
    gen {
        let! primes = Gen.shuffle [| 2; 3; 5; 7 |]

        let! ones =
            Gen.listOfLength rank (Gen.frequency [ 1, Gen.constant true; 3, Gen.constant false ])

        return List.map2 (fun one prime -> if one then 1 else prime) ones (primes |> Seq.truncate rank |> List.ofSeq)
    }

/// Known extents, as many as one of these ranks says.
let dimsOfRanks low high =
    gen {
        let! rank = Gen.choose (low, high)
        return! dims rank
    }

/// As dimsOfRanks, but one extent in a few shapes is 0.
let dimsOrEmpty low high =
    gen {
        let! known = dimsOfRanks low high
        let! empty = Gen.choose (0, 4 * known.Length)
        return known |> List.mapi (fun axis dim -> if axis = empty then 0 else dim)
    }

/// Some extents become symbols; each axis has a symbol of its own.
let private named (dims: int list) =
    gen {
        let! symbolic =
            Gen.listOfLength dims.Length (Gen.frequency [ 1, Gen.constant true; 3, Gen.constant false ])

        return
            List.zip symbolic dims
            |> List.mapi (fun axis (isSymbol, dim) ->
                if isSymbol then
                    Dim(string ("NHWC".Chars axis))
                else
                    Dim dim)
            |> shapeOf
    }

let private withoutEach items =
    Seq.init (List.length items) (fun i -> List.removeAt i items)

/// Fewer axes first, then extents of 1.
let shrinkDims (dims: int list) =
    seq {
        yield! withoutEach dims

        for axis in 0 .. dims.Length - 1 do
            if dims[axis] > 1 then
                yield List.updateAt axis 1 dims
    }

/// Any shape of rank 0 to 4, with symbols here and there.
let anyShape = dimsOrEmpty 0 4 |> Gen.bind named |> Arb.fromGen

/// Any shape of rank 0 to 4 whose extents are numbers, 0 among them.
let knownDims = Arb.fromGenShrink (dimsOrEmpty 0 4, shrinkDims)

/// Shapes that broadcast to one: each axis of each is the result's, or 1; or it is a scalar.
type Broadcastable = { Result: Shape; Parts: Shape list }

let private broadcastableTo (results: Gen<Shape>) count =
    let part (result: Shape) =
        gen {
            let! scalar = Gen.choose (0, 6)
            let! kept = Gen.listOfLength result.Rank (Gen.elements [ true; true; false ])

            return
                if scalar = 0 then
                    Shape.Scalar
                else
                    (result, List.indexed kept)
                    ||> List.fold (fun shape (axis, keep) -> if keep then shape else shape.With(axis, Dim 1))
        }

    gen {
        let! result = results
        let! narrow = Gen.listOfLength (count - 1) (part result)
        let! parts = Gen.shuffle (Array.ofList (result :: narrow))
        return { Result = result; Parts = List.ofArray parts }
    }

let broadcastable count =
    broadcastableTo (dimsOrEmpty 0 4 |> Gen.bind named) count |> Arb.fromGen

/// Dims that broadcast to one shape, none of them 0.
let broadcastableDims count =
    broadcastableTo (Gen.map shape (dimsOfRanks 0 4)) count
    |> Gen.map (fun case -> case.Parts |> List.map (fun part -> List.ofArray (part.ToArray())))

/// A counter-example prints the seed, and not the numbers.
let seed = Gen.choose (0, Int32.MaxValue) |> Arb.fromGen

/// Shuffles in place, by Fisher and Yates.
let private shuffle (random: Random) (items: 'a[]) =
    random.Shuffle items
    items

/// Arrays of these lengths, whose numbers have magnitudes between 1/4 and 2, no two of them near each other: away from the kinks at 0 and at ties.
let numbers (seed: int) (lengths: int list) : float[] list =
    let random = Random seed
    let count = List.sum lengths

    let all =
        Array.init count (fun i ->
            let magnitude =
                0.25 + 1.75 * (float i + 0.25 + 0.5 * random.NextDouble()) / float count

            if random.Next 2 = 0 then magnitude else -magnitude)
        |> shuffle random

    let starts = lengths |> List.scan (+) 0
    List.map2 (fun start length -> Array.sub all start length) (List.take lengths.Length starts) lengths
