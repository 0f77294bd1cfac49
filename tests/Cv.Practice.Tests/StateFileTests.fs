/// States in files that others read: safetensors and NumPy's .npz.
module Cv.Tests.StateFileTests

open System
open System.Buffers.Binary
open System.IO
open System.IO.Compression
open System.Text
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Cv.Tests.DataFiles
open Cv.Tests.States
open Expecto
open FsCheck
open FsCheck.FSharp

let private state (tensors: (string * Tensor) list) =
    new ModelState(
        tensors
        |> List.map (fun (name, tensor) -> Collections.Generic.KeyValuePair(name, tensor))
    )

let private small () =
    state [
        "w", Tensor.From(shape [ 1; 2 ], [| 1.0f; -2.0f |])
        "w/steps", Tensor.From(Shape.Scalar, [| 7 |])
        "exact", Tensor.From(shape [ 1 ], [| 0.5 |])
        "on", Tensor.From(shape [ 3 ], [| true; false; true |])
    ]

/// States with all dtypes, any rank, extents of 0 and 1, names of any letters, and numbers of any bits.
let private states =
    let dims =
        Gen.choose (0, 3)
        |> Gen.listOfLength 3
        |> Gen.zip (Gen.choose (0, 3))
        |> Gen.map (fun (rank, dims) -> List.truncate rank dims)

    let tensor =
        gen {
            let! dims = dims
            let size = List.fold (*) 1 dims
            let! bits = Gen.choose64 (Int64.MinValue, Int64.MaxValue) |> Gen.listOfLength size
            let bits = Array.ofList bits

            return!
                Gen.elements [
                    Tensor.From(shape dims, bits |> Array.map (int32 >> BitConverter.Int32BitsToSingle))
                    Tensor.From(shape dims, bits |> Array.map BitConverter.Int64BitsToDouble)
                    Tensor.From(shape dims, bits |> Array.map int32)
                    Tensor.From(shape dims, bits |> Array.map (fun b -> b % 2L = 0L))
                ]
        }

    let name =
        Gen.elements [ "dense1.w"; "dense1.w/velocity"; "a b"; "é\"\\<>"; "0"; "層"; "__x__"; "w/beta1_power"; "{}" ]

    gen {
        let! names = Gen.listOf name |> Gen.map List.distinct
        let! tensors = Gen.listOfLength names.Length tensor
        return List.zip names tensors
    }

type private Format = { Name: string; Write: Stream * ModelState -> unit; Read: Stream * string -> ModelState }

let private formats = [
    {
        Name = "safetensors"
        Write = (fun (stream, state) -> Safetensors.Write(stream, state))
        Read = Safetensors.Read
    }
    { Name = "npz"; Write = Npz.Write; Read = Npz.Read }
]

let private written format state =
    use stream = new MemoryStream()
    format.Write(stream, state)
    stream.ToArray()

let private read format (bytes: byte[]) =
    use stream = new MemoryStream(bytes)
    format.Read(stream, "FILE")

let private roundTrips =
    testList "there and back" [
        for format in formats do
            testProperty $"{format.Name}: the same names, types and bits"
            <| Prop.forAll (Arb.fromGen states) (fun tensors ->
                use before = state tensors
                use after = read format (written format before)
                Expect.equal (contents after) (contents before) "as it was")

            testCase $"{format.Name}: the same state is the same bytes"
            <| fun () -> Expect.sequenceEqual (written format (small ())) (written format (small ())) "bytes"

        for ending in [ "safetensors"; "npz"; "NPZ" ] do
            testCase $"a file named .{ending}"
            <| fun () ->
                inFolder (fun folder ->
                    let path = Path.Combine(folder, $"a.{ending}")
                    use before = small ()
                    before.Save path
                    before.Save path
                    use after = ModelState.Load path
                    Expect.equal (contents after) (contents before) "as it was"

                    Expect.equal
                        [ for file in Directory.GetFiles folder -> Path.GetFileName file ]
                        [ $"a.{ending}" ]
                        "nothing left beside it")

        testCase "texts beside the tensors"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.safetensors")
                Safetensors.Write(path, small (), dict [ "licence", "MIT"; "made", "\"today\"" ] |> Collections.Generic.Dictionary)

                Expect.equal
                    [ for pair in Safetensors.ReadMetadata path -> pair.Key, pair.Value ]
                    [ "licence", "MIT"; "made", "\"today\"" ]
                    "texts"

                Expect.equal (contents (ModelState.Load path)) (contents (small ())) "and tensors")

        testCase "what prediction needs, and predicts the same elsewhere"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "net.npz")
                let model = Model.Input(4).Dense(5).BatchNorm().Relu().Dense(3)

                let program =
                    Training.Compile(model, Func<_, _, _>(fun s l -> s.SoftmaxCrossEntropy l), Optimiser.Adam 0.1)

                use trained = program.Initialise 1UL

                let x =
                    Binding("x", Tensor.From(shape [ 6; 4 ], Array.init 24 (fun i -> float32 (i % 5) - 2.0f)))

                program.Step.Call(trained, x, Binding("labels", Tensor.From [| 0; 1; 2; 0; 1; 2 |]))
                |> ignore

                trained.Save(path, program.Predict.Leaves)
                use loaded = ModelState.Load path

                Expect.equal
                    (Seq.sort loaded.Names |> List.ofSeq)
                    [
                        "batchnorm1.mean"
                        "batchnorm1.scale"
                        "batchnorm1.shift"
                        "batchnorm1.variance"
                        "dense1.b"
                        "dense1.w"
                        "dense2.b"
                        "dense2.w"
                    ]
                    "no moments"

                let scores (state: ModelState) =
                    (program.Predict.Call(state, x)[0]).ToArray<float32>()

                Expect.equal (scores loaded) (scores trained) "scores")
    ]

let private hex (text: string) =
    Convert.FromHexString(text.Replace(" ", "").Replace("\n", ""))

let private pinned =
    testList "bytes" [
        testCase "safetensors: wide elements first, so that each is aligned; names in their order"
        <| fun () ->
            let header =
                """{"w":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},"w/steps":{"dtype":"I32","shape":[],"data_offsets":[16,20]},"""
                + """"exact":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"on":{"dtype":"BOOL","shape":[3],"data_offsets":[20,23]}}"""

            let padded = header.PadRight((header.Length + 7) / 8 * 8)

            Expect.sequenceEqual
                (written formats[0] (small ()))
                (Array.concat [
                    BitConverter.GetBytes(int64 padded.Length)
                    Encoding.ASCII.GetBytes padded
                    hex "000000000000E03F 0000803F 000000C0 07000000 01 00 01"
                ])
                "all of it"

        testCase "npy: numpy.lib.format, version 1.0, elements at a multiple of 64"
        <| fun () ->
            use archive = new ZipArchive(new MemoryStream(written formats[1] (small ())))
            Expect.equal [ for entry in archive.Entries -> entry.FullName ] [ "w.npy"; "w/steps.npy"; "exact.npy"; "on.npy" ] "names"

            for entry, descr, shape, elements in
                Seq.zip3
                    archive.Entries
                    [ "<f4"; "<i4"; "<f8"; "|b1" ]
                    (List.zip [ "(1, 2)"; "()"; "(1,)"; "(3,)" ] [ "0000803F000000C0"; "07000000"; "000000000000E03F"; "010001" ])
                |> Seq.map (fun (e, d, (s, x)) -> e, d, s, x) do
                use file = entry.Open()
                use copy = new MemoryStream()
                file.CopyTo copy

                let text =
                    $"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".PadRight 117
                    + "\n"

                Expect.sequenceEqual
                    (copy.ToArray())
                    (Array.concat [ hex "93 4E554D5059 0100 7600"; Encoding.ASCII.GetBytes text; hex elements ])
                    entry.FullName
    ]

/// A safetensors file of this header and these bytes.
let private safetensors (header: string) (data: byte[]) =
    let text = Encoding.UTF8.GetBytes header
    Array.concat [ BitConverter.GetBytes(int64 text.Length); text; data ]

let private npy (header: string) (data: byte[]) =
    let text = Encoding.UTF8.GetBytes header
    Array.concat [ hex "93 4E554D5059 0100"; BitConverter.GetBytes(uint16 text.Length); text; data ]

let private npz (files: (string * byte[]) list) =
    use stream = new MemoryStream()

    (use archive = new ZipArchive(stream, ZipArchiveMode.Create, true)

     for name, bytes in files do
         use file = archive.CreateEntry(name).Open()
         file.Write bytes)

    stream.ToArray()

let private elsewhere =
    let reads name format bytes (expected: (string * string * float list) list) =
        testCase name (fun () ->
            use state = read format bytes

            Expect.equal
                [ for name in state.Names -> name, string state[name].Type, List.ofArray (state[name].ToDoubles()) ]
                expected
                "types and numbers")

    let one dtype bytes =
        safetensors $"""{{"a":{{"dtype":"{dtype}","shape":[2],"data_offsets":[0,{Array.length bytes}]}}}}""" bytes

    let array descr order shape bytes =
        npz [ "a.npy", npy $"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n" bytes ]

    testList "what others write" [
        for dtype, bytes, expected, numbers in
            [
                "F16", "003C 00C0", "f32[2]", [ 1.0; -2.0 ]
                "BF16", "803F 00C0", "f32[2]", [ 1.0; -2.0 ]
                "I8", "01 FF", "i32[2]", [ 1.0; -1.0 ]
                "U8", "01 FF", "i32[2]", [ 1.0; 255.0 ]
                "I16", "0100 FFFF", "i32[2]", [ 1.0; -1.0 ]
                "U16", "0100 FFFF", "i32[2]", [ 1.0; 65535.0 ]
                "U32", "01000000 FFFFFF7F", "i32[2]", [ 1.0; 2147483647.0 ]
                "I64", "0100000000000000 00000080FFFFFFFF", "i32[2]", [ 1.0; -2147483648.0 ]
                "U64", "0100000000000000 0200000000000000", "i32[2]", [ 1.0; 2.0 ]
            ] do
            reads $"safetensors: {dtype}" formats[0] (one dtype (hex bytes)) [ "a", expected, numbers ]

        reads
            "safetensors: tensors in another order than their bytes, and metadata"
            formats[0]
            (safetensors
                """{"b":{"shape":[1],"dtype":"F32","data_offsets":[4,8]},"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   """
                (hex "0000803F 00000040"))
            [ "b", "f32[1]", [ 2.0 ]; "a", "f32[]", [ 1.0 ] ]
        reads "npz: the other byte order" formats[1] (array ">f4" "False" "(2,)" (hex "3F800000 C0000000")) [ "a", "f32[2]", [ 1.0; -2.0 ] ]
        reads "npz: i8" formats[1] (array "<i8" "False" "(1,)" (hex "FEFFFFFFFFFFFFFF")) [ "a", "i32[1]", [ -2.0 ] ]
        reads "npz: f2, big" formats[1] (array ">f2" "False" "()" (hex "3C00")) [ "a", "f32[]", [ 1.0 ] ]
        reads "npz: column-major" formats[1] (array "|u1" "True" "(2, 3)" [| 1uy; 2uy; 3uy; 4uy; 5uy; 6uy |]) [
            "a", "i32[2,3]", [ 1.0; 3.0; 5.0; 2.0; 4.0; 6.0 ]
        ]
        reads "npz: column-major, rank 3" formats[1] (array "|i1" "True" "(2, 1, 2)" [| 1uy; 2uy; 3uy; 4uy |]) [
            "a", "i32[2,1,2]", [ 1.0; 3.0; 2.0; 4.0 ]
        ]
        reads
            "npz: keys in another order, other quotes, no comma at the end, version 2.0"
            formats[1]
            (let text =
                Encoding.ASCII.GetBytes "{\"shape\":(1,),\"fortran_order\":False,'descr':'=f8'}"

             npz [ "a.npy", Array.concat [ hex "93 4E554D5059 0200"; BitConverter.GetBytes text.Length; text; hex "000000000000E03F" ] ])
            [ "a", "f64[1]", [ 0.5 ] ]
    ]

let private refusals =
    let refuses format name bytes expected =
        testCase $"{format.Name}: {name}" (fun () ->
            Expect.throwsC (fun () -> read format bytes |> ignore) (fun ex ->
                Expect.isTrue (ex :? DataException) $"a DataException, not {ex}"
                Expect.stringContains ex.Message expected "the text"))

    let tensor name dtype shape offsets =
        $"""{{"{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"""

    let st name header data expected =
        refuses formats[0] name (safetensors header data) expected

    let array header data = npz [ "a.npy", npy header data ]
    let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"
    let four = hex "0000803F"

    testList "refused" [
        refuses formats[0] "nothing" [||] "FILE: at offset 0: expected the header's length in 8 bytes, found 0 bytes in all."
        refuses
            formats[0]
            "a length past the end"
            (BitConverter.GetBytes 5L)
            "at offset 0: expected a header of at most 0 bytes, found a length of 5."
        refuses formats[0] "a length past all files" (Array.create 9 255uy) "found a length of 18446744073709551615."
        st "no header" "" [||] "expected a header that begins with {, found none."
        st "a blank first" " {}" [||] "expected a header that begins with {, found 0x20."
        st "no JSON" "{'a'}" [||] "at offset 8: expected a header of JSON, found '"
        st "a name twice" """{"a":1,"a":2}""" [||] "expected a header of JSON, found Duplicate property"
        st "half a letter" """{"\ud800":1}""" [||] "expected a header of JSON"
        st "no tensor" """{"a":[]}""" [||] "expected \"a\" to have dtype, shape and data_offsets, found []."
        st "a key too many" """{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":1}}""" four "to have dtype, shape and data_offsets"
        st "an unknown dtype" (tensor "a" "F8_E4M3" "[]" "[0,1]") [| 0uy |] "to have a dtype of BOOL, U8"
        st "a negative extent" (tensor "a" "F32" "[-1]" "[0,4]") four "to have a shape of whole numbers"
        st "a fraction" (tensor "a" "F32" "[1.5]" "[0,4]") four "to have a shape of whole numbers"
        st "too large" (tensor "a" "F32" "[65536,65536]" "[0,4]") four "to have a shape of at most 2147483647 elements"
        st "a product that overflows" (tensor "a" "F32" "[2147483647,2147483647,2147483647]" "[0,4]") four "at most 2147483647 elements"
        st "backwards" (tensor "a" "F32" "[1]" "[4,0]") four "to have data_offsets of two whole numbers"
        st "another size than its shape" (tensor "a" "F32" "[2]" "[0,4]") four "to have 8 bytes for its shape"
        st
            "a gap"
            (tensor "a" "F32" "[1]" "[4,8]")
            (Array.append four four)
            "expected \"a\" to begin where the one before it ends, at 0, found 4."
        st
            "more than its tensors"
            (tensor "a" "F32" "[1]" "[0,4]")
            (Array.append four four)
            "expected tensors of 8 bytes, all that follow the header, found tensors of 4."
        st
            "truncated"
            (tensor "a" "F32" "[1]" "[0,4]")
            [| 0uy |]
            "expected tensors of 1 bytes, all that follow the header, found tensors of 4."
        st "no truth" (tensor "a" "BOOL" "[1]" "[0,1]") [| 2uy |] "expected \"a\" to have a truth value, 0 or 1, found 2."
        st "no i32" (tensor "a" "U32" "[1]" "[0,4]") (hex "00000080") "to have integers that an i32 can hold, found 2147483648."
        st "no i32 of u64" (tensor "a" "U64" "[1]" "[0,8]") (Array.create 8 255uy) "an i32 can hold, found 18446744073709551615."
        st "metadata of numbers" """{"__metadata__":{"a":1}}""" [||] "expected \"__metadata__\" to have texts, found 1."
        refuses formats[1] "nothing" [||] "FILE: expected a ZIP archive, found"
        refuses formats[1] "a text beside the arrays" (npz [ "a.txt", [||] ]) "expected files named .npy, found \"a.txt\"."
        refuses
            formats[1]
            "a name twice"
            (npz [ "a.npy", npy good four; "a.npy", npy good four ])
            "expected each name once, found \"a\" twice."
        refuses
            formats[1]
            "no magic"
            (npz [ "a.npy", Array.zeroCreate 80 ])
            "expected \"a\" to have \\x93NUMPY at its beginning, found 000000000000."
        refuses formats[1] "no header" (npz [ "a.npy", [||] ]) "to have 8 bytes of a header, found the end after 0."
        refuses formats[1] "version 9" (npz [ "a.npy", hex "93 4E554D5059 0900" ]) "to have format version 1.0, 2.0 or 3.0, found 9.0."
        refuses
            formats[1]
            "a long header"
            (npz [ "a.npy", hex "93 4E554D5059 0200 FFFFFF7F" ])
            "to have a header of at most 1048576 bytes, found 2147483647."
        refuses formats[1] "no dictionary" (array "[]" four) "to have { at character 0 of the header, found []."
        refuses
            formats[1]
            "a key too few"
            (array "{'descr': '<f4', 'shape': (1,), }" four)
            "to have 'descr', 'fortran_order' and 'shape', found"
        refuses formats[1] "a key twice" (array "{'shape': (1,), 'shape': (1,), }" four) "'shape' once each, found 'shape' in"
        refuses
            formats[1]
            "code"
            (array "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }" four)
            "u1 to u8 or b1, found '|O'. Convert them: a.astype('<f4')."
        refuses
            formats[1]
            "a record"
            (array "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }" four)
            "to have a text in quotes, found"
        refuses formats[1] "more after the dictionary" (array (good + " 1") four) "to have nothing after the header's }, found"
        refuses
            formats[1]
            "no number"
            (array "{'descr': '<f4', 'fortran_order': False, 'shape': (x,), }" four)
            "to have a shape of whole numbers"
        refuses
            formats[1]
            "no truth value"
            (array "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }" four)
            "to have True or False for 'fortran_order'"
        refuses
            formats[1]
            "too large"
            (array "{'descr': '<f4', 'fortran_order': False, 'shape': (8, 8), }" four)
            "bytes can fill, found (8, 8)."
        refuses formats[1] "more elements" (array good (Array.append four four)) "to have nothing after its elements, found more bytes."
        refuses formats[1] "fewer elements" (array good [| 0uy |]) "to have 3 more bytes, found the end of the file."

        testCase "npz: an element that is another than the archive summed"
        <| fun () ->
            let bytes = written formats[1] (small ())
            let at = bytes.AsSpan().IndexOf((hex "0000803F000000C0").AsSpan())
            bytes[at] <- 1uy

            Expect.throwsC (fun () -> read formats[1] bytes |> ignore) (fun ex ->
                Expect.stringContains ex.Message "FILE: expected \"w\" to have the checksum " "the text")

        testCase "another ending, a missing file, a folder that is none"
        <| fun () ->
            let fails run expected =
                Expect.throwsC run (fun ex ->
                    Expect.isTrue (ex :? DataException) $"a DataException, not {ex}"
                    Expect.stringStarts ex.Message expected "the text")

            fails (fun () -> ModelState.Load "a.h5" |> ignore) "a.h5: expected a file named .safetensors or .npz, found \".H5\"."
            fails (fun () -> ModelState.Load "none.npz" |> ignore) "none.npz: expected a file, found none."
            fails (fun () -> (small ()).Save "none/a.npz") "none/a.npz: expected a place to write to, found: "

            fails
                (fun () -> Safetensors.Write(new MemoryStream(), state [ "__metadata__", Tensor.Scalar 1.0f ]))
                "safetensors: a tensor cannot be named __metadata__"
    ]

/// Breaks a file: a byte changed, bytes cut off, bytes put in, two pieces exchanged.
let private broken (bytes: byte[]) =
    gen {
        let place = Gen.choose (0, bytes.Length - 1)
        let! at = place
        let! value = Gen.choose (0, 255)

        return!
            Gen.oneof [
                Gen.constant (Array.updateAt at (byte value) bytes)
                Gen.constant (Array.truncate at bytes)
                Gen.constant (Array.insertAt at (byte value) bytes)
                Gen.constant (Array.removeAt at bytes)
                Gen.map (fun other -> Array.updateAt at bytes[other] bytes) place
                // the numbers of eight, four and two bytes that headers hold
                Gen.elements [ Int64.MaxValue; -1L; 1L <<< 31; 1L <<< 32; 0L ]
                |> Gen.map (fun number ->
                    let copy = Array.copy bytes
                    let eight = Array.zeroCreate 8
                    BinaryPrimitives.WriteInt64LittleEndian(eight.AsSpan(), number)
                    eight.AsSpan(0, min 8 (copy.Length - at)).CopyTo(copy.AsSpan at)
                    copy)
            ]
    }

let rec private brokenTimes times (bytes: byte[]) =
    if times = 0 || Array.isEmpty bytes then
        Gen.constant bytes
    else
        broken bytes |> Gen.bind (brokenTimes (times - 1))

let private fuzz =
    testList "whatever is broken, it is told as data" [
        for format in formats do
            let bytes = written format (small ())

            testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 3000 } format.Name
            <| Prop.forAll (Arb.fromGen (Gen.choose (1, 4) |> Gen.bind (fun times -> brokenTimes times bytes))) (fun bytes ->
                try
                    (read format bytes).Dispose()
                with :? DataException as ex ->
                    Expect.stringStarts ex.Message "FILE: " "names the file")
    ]

let private matching =
    testList "copying what matches" [
        testCase "copies what fits, and tells of the rest"
        <| fun () ->
            let here =
                state [
                    "a", Tensor.From [| 0.0f; 0.0f |]
                    "head", Tensor.From [| 5.0f |]
                    "new", Tensor.From [| 6.0f |]
                    "b", Tensor.From [| 0 |]
                ]

            let there =
                state [
                    "b", Tensor.From [| 3 |]
                    "head", Tensor.From [| 1.0f; 2.0f |]
                    "a", Tensor.From [| 1.0f; 2.0f |]
                    "old", Tensor.From [| 4.0f |]
                ]

            let report = here.CopyMatching there

            Expect.equal
                (string report)
                "2 copied: a, b\n1 of another type: head is f32[2] there and f32[1] here\n1 not in the source: new\n1 of the source not used: old"
                "the report"

            Expect.equal
                [ for name in here.Names -> name, List.ofArray (here[name].ToDoubles()) ]
                [ "a", [ 1.0; 2.0 ]; "head", [ 5.0 ]; "new", [ 6.0 ]; "b", [ 3.0 ] ]
                "values"

        testCase "only what is asked for"
        <| fun () ->
            let here, there =
                state [ "a", Tensor.From [| 0 |]; "b", Tensor.From [| 0 |] ], state [ "a", Tensor.From [| 1 |]; "b", Tensor.From [| 1 |] ]

            let report = here.CopyMatching(there, fun name -> name = "b")
            Expect.equal (string report) "1 copied: b\n1 of the source not used: a" "the report"
            Expect.equal (here["a"].Item(), here["b"].Item()) (0.0, 1.0) "values"
    ]

[<Tests>]
let tests =
    testList "StateFiles" [ roundTrips; pinned; elsewhere; refusals; fuzz; matching ]
