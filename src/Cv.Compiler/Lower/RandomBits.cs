using System.Linq.Expressions;
using Cv.Dsl;
using Cv.Runtime;
using static System.Linq.Expressions.Expression;

namespace Cv.Compiler;

/// <summary>
/// Writes a vector of random numbers (<see cref="Uniform"/>): counters from the elements' places and the count of steps, a block of two words from each, a number from
/// each word. A block serves two neighbours, so where a vector starts at an even place its lanes are the words of half as many blocks, in order.
/// </summary>
static class RandomBits
{
    /// <summary>Gives the numbers of the elements from a place on.</summary>
    /// <param name="lanes">The vectors.</param>
    /// <param name="key">The stream's key, a number that the kernel is given: layers differ by it alone, and share their code.</param>
    /// <param name="step">The count of steps, in every lane of a vector of integers.</param>
    /// <param name="place">The first element's place, counted row-major.</param>
    /// <param name="even">Whether the place is even each time.</param>
    public static Expression Of(Lanes lanes, Expression key, Expression step, Expression place, bool even)
    {
        var wide = lanes.VectorOf(typeof(ulong));
        var (start, steps) = (Variable(typeof(long), "place"), Variable(wide, "steps"));
        Expression Fill(ulong value) => lanes.Call("Create", Constant(value));
        Expression From(Expression first) => Add(lanes.Call("Create", Convert(first, typeof(ulong))), Property(null, wide, "Indices"));
        Expression Draw(Expression blocks) =>
            Call(typeof(VectorRandom), nameof(VectorRandom.Philox), null, Or(blocks, steps), Convert(key, typeof(uint)));

        Expression Numbers()
        {
            if (lanes.Type == DType.F64)
                return Multiply(
                    lanes.Call("ConvertToDouble", lanes.As(Words(0), typeof(long))),
                    lanes.Constant(Math.ScaleB(1, -32), DType.F64)
                );
            var words = even
                ? lanes.As(Draw(From(RightShift(start, Constant(1)))), typeof(int))
                : lanes.As(lanes.Call("Narrow", Words(0), Words(lanes.Count / 2)), typeof(int));
            return Multiply(
                lanes.Call("ConvertToSingle", lanes.Call("ShiftRightLogical", words, Constant(8))),
                lanes.Constant(Math.ScaleB(1, -24), DType.F32)
            );
        }

        // the word of each element, in a lane of its own: of its block the first where its place is even, else the second
        Expression Words(int offset)
        {
            var (places, block) = (Variable(wide, "places"), Variable(wide, "block"));
            return Block(
                [places, block],
                Assign(places, From(Code.Plus(start, offset))),
                Assign(block, Draw(lanes.Call("ShiftRightLogical", places, Constant(1)))),
                lanes.Call(
                    "ConditionalSelect",
                    lanes.Call("Equals", And(places, Fill(1)), Fill(0)),
                    And(block, Fill(uint.MaxValue)),
                    lanes.Call("ShiftRightLogical", block, Constant(32))
                )
            );
        }

        return Block(
            [start, steps],
            Assign(start, place),
            // the upper half of each lane of 64 bits
            Assign(steps, lanes.Call("ShiftLeft", lanes.As(step, typeof(ulong)), Constant(32))),
            Numbers()
        );
    }
}
