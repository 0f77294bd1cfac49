module Cv.Tests.DataFileTests

open System
open System.IO
open Cv.Runtime
open Cv.Tests.DataFiles
open Cv.Tests.TensorTests
open Expecto
open FsCheck
open FsCheck.FSharp

let private images = idxImages 5 3 4
let private labels = idxLabels [ 0; 9; 2; 3; 2 ]
let private packedImages = gzip images
let private greedyImages = gzip (set 4 1uy images)

/// Reads the bytes as a pair of files; a message calls the folder FOLDER.
let private readIdx (images: byte[]) (labels: byte[]) =
    inFolder (fun folder ->
        let imagesPath, labelsPath =
            Path.Combine(folder, "images"), Path.Combine(folder, "labels")

        File.WriteAllBytes(imagesPath, images)
        File.WriteAllBytes(labelsPath, labels)

        try
            Ok(Idx.Read(imagesPath, labelsPath, "small", Mnist.ClassNames))
        with :? DataException as ex ->
            Error(ex.Message.Replace(folder, "FOLDER")))

let private refuses read (table: (string * (byte[] * byte[]) * string) list) = [
    for name, (a, b), expected in table do
        testCase name (fun () ->
            match read a b with
            | Ok data -> failtest $"read as {data}"
            | Error message -> Expect.equal message expected "the text")
]

let private checkSmall (data: Dataset) =
    Expect.equal (data.ToString()) "small: 5 x [3,4,1], 10 classes" "name, count, shape"
    Expect.equal (data.Labels.ToArray()) [| 0uy; 9uy; 2uy; 3uy; 2uy |] "labels"

    for image in 0..4 do
        Expect.equal (data.Image(image).ToArray()) (Array.init 12 (pixel image)) $"image {image}"

let private idx =
    testList "idx" [
        for kind, a, b in [ "plain", images, labels; "gzip", gzip images, gzip labels; "mixed", gzip images, labels ] do
            testCase $"{kind} files are read"
            <| fun () ->
                match readIdx a b with
                | Ok data -> checkSmall data
                | Error message -> failtest message

        testCase "streams are read and closed"
        <| fun () ->
            let a, b = new MemoryStream(gzip images), new MemoryStream(labels)
            checkSmall (Idx.Read(a, b, "small", Mnist.ClassNames))
            Expect.isFalse (a.CanRead || b.CanRead) "closed"

        testCase "a folder may hold plain and packed files"
        <| fun () ->
            inFolder (fun folder ->
                let write name (bytes: byte[]) =
                    File.WriteAllBytes(Path.Combine(folder, name), bytes)

                write "train-images-idx3-ubyte.gz" (gzip images)
                write "train-labels-idx1-ubyte" labels
                write "t10k-images-idx3-ubyte" (idxImages 1 3 4)
                write "t10k-labels-idx1-ubyte.gz" (gzip (idxLabels [ 7 ]))
                let both = FashionMnist.Read folder
                Expect.equal (both.Train.ToString()) "fashion-mnist train: 5 x [3,4,1], 10 classes" "train"
                Expect.equal (both.Test.ToString()) "fashion-mnist test: 1 x [3,4,1], 10 classes" "test"
                Expect.equal both.Test.ClassNames[int both.Test.Labels[0]] "Sneaker" "class 7")

        testCase "a missing file is named"
        <| fun () ->
            inFolder (fun folder ->
                let missing = Path.Combine(folder, "train-images-idx3-ubyte")

                Expect.equal
                    (messageOf<DataException>(fun () -> Mnist.Read folder |> ignore))
                    $"{missing}: expected a file, found none. Check the folder, or fetch the data first."
                    "the text")
    ]

let private badIdx =
    testList "bad idx"
    <| refuses readIdx [
        "empty",
        ([||], labels),
        "FOLDER/images: expected a file that holds something, found 0 bytes: an empty file, a pipe or a device. Make it again."
        "another format",
        (Text.Encoding.ASCII.GetBytes "<html>not found</html>", labels),
        "FOLDER/images: at offset 0: expected magic number 00 00 08 03 (IDX images: bytes of 3 dims), found 3C 68 74 6D. Is it an IDX file, plain or gzip?"
        "exchanged",
        (labels, images),
        "FOLDER/images: at offset 0: expected magic number 00 00 08 03 (IDX images: bytes of 3 dims), found 00 00 08 01. Are images and labels exchanged?"
        "floats",
        (set 2 0x0Duy images, labels),
        "FOLDER/images: at offset 0: expected magic number 00 00 08 03 (IDX images: bytes of 3 dims), found 00 00 0D 03. Is it an IDX file, plain or gzip?"
        "labels of another magic",
        (images, set 3 2uy labels),
        "FOLDER/labels: at offset 0: expected magic number 00 00 08 01 (IDX labels: bytes of 1 dim), found 00 00 08 02. Is it an IDX file, plain or gzip?"
        "cut in the header",
        (images[..9], labels),
        "FOLDER/images: at offset 10: expected 2 more bytes of the number of rows, found the end of the file. The file is truncated; fetch it again."
        "cut in the images",
        (images[..70], labels),
        "FOLDER/images: at offset 16: expected 60 bytes (5 images of 3 x 4), found 55. The file is truncated; fetch it again."
        "cut in the packed images",
        (gzip (images[..70]), labels),
        "FOLDER/images: at offset 16 of the unpacked data: expected 60 bytes (5 images of 3 x 4), found 55. The file is truncated; fetch it again."
        "cut in the labels",
        (images, labels[..10]),
        "FOLDER/labels: at offset 8: expected 5 bytes (5 labels), found 3. The file is truncated; fetch it again."
        "too many bytes",
        (Array.append images [| 1uy; 2uy |], labels),
        "FOLDER/images: at offset 76: expected the end of the file, found 2 more bytes. The file is too long for its header; fetch it again."
        "too many packed bytes",
        (images, gzip (Array.append labels [| 1uy |])),
        "FOLDER/labels: at offset 13 of the unpacked data: expected the end of the file, found 1 more bytes. The file is too long for its header; fetch it again."
        "no images",
        (idxImages 0 3 4, idxLabels []),
        "FOLDER/images: at offset 4: expected a number of images from 1 to 2147483647, found 0. The header is damaged; fetch the file again."
        "a negative number of rows",
        (set 8 0xFFuy images, labels),
        "FOLDER/images: at offset 8: expected a number of rows from 1 to 2147483647, found 4278190083. The header is damaged; fetch the file again."
        "a header that asks for memory beyond the file",
        (set 4 1uy images, labels),
        "FOLDER/images: at offset 16: expected 201326652 bytes (16777221 images of 3 x 4), found 60. The file is truncated; fetch it again."
        "a packed header that asks for memory beyond the file",
        (greedyImages, labels),
        "FOLDER/images: at offset 16 of the unpacked data: expected 201326652 bytes (16777221 images of 3 x 4), found 60. The file is truncated; fetch it again."
        "a header beyond what an array holds",
        (images |> set 4 0x7Fuy |> set 8 0x7Fuy |> set 12 0x7Fuy, labels),
        "FOLDER/images: at offset 16: expected at most 2147483591 bytes, found a header of 2130706437 images of 2130706435 x 2130706436. Split the file."
        "fewer labels than images",
        (images, idxLabels [ 1; 2; 3 ]),
        "FOLDER/labels: at offset 4: expected 5 labels, one for each image, found 3. Take both files from one set."
        "a label without a class",
        (images, idxLabels [ 0; 9; 10; 3; 2 ]),
        "FOLDER/labels: at offset 10: expected a label from 0 to 9, found 10. Does the set have 10 classes?"
        "gzip without its trailer",
        (packedImages[.. packedImages.Length - 5], labels),
        $"FOLDER/images: at offset 76 of the unpacked data: expected a gzip trailer that counts 76 bytes, found one that counts {BitConverter.ToUInt32(packedImages, packedImages.Length - 8)}. The file is truncated or has bytes added; fetch it again."
        "gzip with bytes after its trailer",
        (Array.append packedImages [| 0uy; 0uy; 0uy; 0uy |], labels),
        "FOLDER/images: at offset 76 of the unpacked data: expected a gzip trailer that counts 76 bytes, found one that counts 0. The file is truncated or has bytes added; fetch it again."
        "gzip whose check sum is wrong",
        (set (packedImages.Length - 8) (packedImages[packedImages.Length - 8] ^^^ 1uy) packedImages, labels),
        "FOLDER/images: at offset 0 of the unpacked data: expected gzip data, found bytes that do not unpack. The file is damaged; fetch it again."
    ]

let private cifarFolder (count: int) (change: string -> byte[] -> byte[]) run =
    inFolder (fun folder ->
        for file in 1..6 do
            let name =
                if file = 6 then
                    "test_batch.bin"
                else
                    $"data_batch_{file}.bin"

            let records =
                Array.concat [
                    for i in 0 .. count - 1 do
                        let image = (file - 1) * count + i
                        cifarRecord (image % 10) image
                ]

            File.WriteAllBytes(Path.Combine(folder, name), change name records)

        run folder)

let private cifar =
    let refused name file change expected =
        testCase name
        <| fun () ->
            cifarFolder 2 (fun written bytes -> if written = file then change bytes else bytes) (fun folder ->
                let message =
                    messageOf<DataException>(fun () -> Cifar10.Read(folder, imagesPerFile = 2) |> ignore)

                Expect.equal (message.Replace(folder, "FOLDER")) expected "the text")

    testList "cifar10" [
        testCase "planes become pixels, files follow one another"
        <| fun () ->
            cifarFolder 2 (fun _ bytes -> bytes) (fun folder ->
                let both = Cifar10.Read(folder, imagesPerFile = 2)
                Expect.equal (both.Train.ToString()) "cifar10 train: 10 x [32,32,3], 10 classes" "train"
                Expect.equal (both.Test.ToString()) "cifar10 test: 2 x [32,32,3], 10 classes" "test"
                Expect.equal (both.Train.Labels.ToArray()) [| 0uy .. 9uy |] "labels in the files' order"

                for image in 0..11 do
                    let actual =
                        if image < 10 then
                            both.Train.Image(image).ToArray()
                        else
                            both.Test.Image(image - 10).ToArray()

                    let expected = [|
                        for place in 0..1023 do
                            for channel in 0..2 -> pixel image (channel * 1024 + place)
                    |]

                    Expect.isTrue (actual = expected) $"image {image} is row, column, channel")

        refused
            "truncated"
            "data_batch_3.bin"
            (fun bytes -> bytes[..5000])
            "FOLDER/data_batch_3.bin: at offset 5001: expected 1145 more bytes of image 2 of 2, found the end of the file. The file is truncated; fetch it again."

        refused
            "empty"
            "test_batch.bin"
            (fun _ -> [||])
            "FOLDER/test_batch.bin: expected a file that holds something, found 0 bytes: an empty file, a pipe or a device. Make it again."

        refused
            "too long"
            "data_batch_5.bin"
            (fun bytes -> Array.append bytes (cifarRecord 1 1))
            "FOLDER/data_batch_5.bin: at offset 6146: expected the end of the file, found 3073 more bytes. The file is too long for its header; fetch it again."

        refused
            "a label without a class"
            "data_batch_1.bin"
            (set 3073 77uy)
            "FOLDER/data_batch_1.bin: at offset 3073: expected a label from 0 to 9, found 77. Is it a file of CIFAR-10's binary version?"

        testCase "a missing file is named"
        <| fun () ->
            cifarFolder 2 (fun _ bytes -> bytes) (fun folder ->
                let missing = Path.Combine(folder, "data_batch_4.bin")
                File.Delete missing

                Expect.equal
                    (messageOf<DataException>(fun () -> Cifar10.Read(folder, imagesPerFile = 2) |> ignore))
                    $"{missing}: expected a file, found none. Check the folder, or fetch the data first."
                    "the text")
    ]

/// What happens to files: a byte changed, an end cut off, something added, everything replaced.
let private damages =
    let damage (bytes: byte[]) =
        Gen.oneof [
            Gen.map2 (fun at value -> set at value bytes) (Gen.choose (0, bytes.Length - 1)) (Gen.map byte (Gen.choose (0, 255)))
            Gen.map (fun length -> bytes[.. length - 1]) (Gen.choose (0, bytes.Length))
            Gen.map (fun more -> Array.append bytes (Array.map byte more)) (Gen.arrayOf (Gen.choose (0, 255)))
            Gen.map (Array.map byte) (Gen.arrayOf (Gen.choose (0, 255)))
        ]

    Gen.elements [ images; gzip images ]
    |> Gen.bind damage
    |> Gen.zip (Gen.elements [ labels; gzip labels ] |> Gen.bind damage)
    |> Arb.fromGen

let private robust =
    testList "damaged files" [
        testCase "are read or refused, and nothing else"
        <| fun () ->
            Check.One(
                Config.QuickThrowOnFailure.WithMaxTest 200,
                Prop.forAll damages (fun (labels, images) ->
                    match readIdx images labels with
                    | Ok data -> data.Count > 0 && data.Images.Length = data.Count * data.SampleSize
                    | Error message -> message.StartsWith "FOLDER/")
            )
    ]

[<Tests>]
let tests = testList "Data files" [ idx; badIdx; cifar; robust ]
