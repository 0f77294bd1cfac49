/// Makes small data files, and breaks them.
module Cv.Tests.DataFiles

open System
open System.Buffers.Binary
open System.IO
open System.IO.Compression

/// Runs with a folder of its own, which is gone afterwards.
let inFolder run =
    let folder = Directory.CreateTempSubdirectory("cv-tests-").FullName

    try
        run folder
    finally
        Directory.Delete(folder, recursive = true)

let bigEndian (value: int) =
    let bytes = Array.zeroCreate 4
    BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(), value)
    bytes

let gzip (bytes: byte[]) =
    use packed = new MemoryStream()

    (use stream = new GZipStream(packed, CompressionLevel.Optimal)
     stream.Write bytes)

    packed.ToArray()

/// An image's value is told by its place, so that a shifted or exchanged byte shows; and by its plane of 1,024, so that an exchanged plane does.
let pixel image place =
    byte ((image * 31 + place * 7 + place / 1024 * 50) % 256)

let idxImages count height width =
    Array.concat [
        [| 0uy; 0uy; 8uy; 3uy |]
        bigEndian count
        bigEndian height
        bigEndian width
        [|
            for image in 0 .. count - 1 do
                for place in 0 .. height * width - 1 -> pixel image place
        |]
    ]

let idxLabels (labels: int list) =
    Array.concat [ [| 0uy; 0uy; 8uy; 1uy |]; bigEndian labels.Length; labels |> List.map byte |> Array.ofList ]

/// A record of CIFAR-10: the label, then the red, the green and the blue plane.
let cifarRecord label image =
    Array.append [| byte label |] [| for place in 0..3071 -> pixel image place |]

let set (place: int) (value: byte) (bytes: byte[]) =
    let copy = Array.copy bytes
    copy[place] <- value
    copy
