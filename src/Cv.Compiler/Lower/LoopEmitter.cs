using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>
/// Writes the kernel of a <see cref="LoopStep"/>: for each unit, for each row of its block, one vector loop over the columns per phase; or,
/// where rows are short or their columns are summed, tiles of a few vectors that stay in registers.
/// </summary>
sealed partial class LoopEmitter
{
    readonly LoopStep _step;
    readonly Lanes _lanes;
    readonly Phases _phases;
    readonly LoopGeometry _shape;
    readonly Code _code = new();
    readonly int _workers;
    readonly List<Tail> _tails;
    readonly ParameterExpression _unit;
    readonly ParameterExpression _block;
    readonly ParameterExpression _row;
    readonly ParameterExpression _base;
    readonly ParameterExpression _column;
    readonly ParameterExpression _count;
    readonly List<Expression> _once = [];
    readonly List<KernelCode> _after = [];

    LoopEmitter(LoopStep step, Lanes lanes, int workers)
    {
        _step = step;
        _lanes = lanes;
        _workers = workers;
        _phases = new(step);
        _shape = new(step, _phases, lanes);
        (_row, _base, _column, _count) = (_code.Long("row"), _code.Long("start"), _code.Long("j"), _code.Long("count"));
        _unit = _code.Long("unit");
        _block = _shape.Pieces == 1 ? _unit : _code.Long("block");
        _tails = [.. step.Members.Where(m => step.Roles[m] == Role.Tail).Select(m => new Tail(this, m))];
    }

    /// <summary>Gives the kernel, and the small ones that finish what it leaves in parts.</summary>
    public static List<KernelCode> Emit(LoopStep step, Lanes lanes, int workers)
    {
        var emitter = new LoopEmitter(step, lanes, workers);
        return [emitter.Kernel(), .. emitter._after];
    }

    KernelCode Kernel()
    {
        foreach (var m in _step.Members.Where(m => _step.Roles[m] == Role.One))
            _once.Add(Assign(RowValue(m), Widen.Node(_lanes, m, [.. m.Operands.Select(o => RowOperand(o, m.Shape))])));
        var body = _shape.IsTiled ? Tiles() : Rows();
        var unit = new List<Expression>();
        if (_shape.Pieces > 1)
            unit.Add(Assign(_block, Divide(_unit, Constant((long)_shape.Pieces))));
        unit.AddRange(_tails.Select(t => t.Begin()));
        unit.AddRange(body);
        unit.AddRange(_tails.Select(t => t.End()));
        var units = Block([.. _once, Assign(_unit, _code.From), While(_unit, _code.To, 1, unit)]);
        string name = $"loop {string.Join('+', _step.Members.Select(m => m.Op.Name).Distinct().Take(6))}";
        return _code.Close(name, units, _shape.Units, _shape.Work) with { Shares = [.. SharedPlaces()] };
    }

    /// <summary>Gives the first row of a block, and the bound of its rows.</summary>
    (Expression First, Expression Bound) RowsOfBlock()
    {
        if (_shape.RowStep > 1)
            return (_block, Constant((long)_shape.Rows));
        if (_shape.Blocks == 1)
            return (Constant(0L), Constant((long)_shape.Rows));
        var first = Times(_block, _shape.RowsPerBlock);
        Expression bound = Add(first, Constant((long)_shape.RowsPerBlock));
        return (first, _shape.Rows % _shape.RowsPerBlock == 0 ? bound : MinOf(bound, Constant((long)_shape.Rows)));
    }

    /// <summary>
    /// Lists the values that may be written over what they are made of: both are walked element by element, and what is read is read no later
    /// than the value is written.
    /// </summary>
    IEnumerable<(Slot Read, Slot Written)> SharedPlaces()
    {
        foreach (var m in _step.Stored.Where(_phases.IsPerElement))
        foreach (var source in _step.Reads())
            if (source.DType.ByteSize() == m.DType.ByteSize() && source.Shape.Size == _step.Size && IsReadInStep(source, _phases.Level[m]))
                yield return (new Slot.Node(source), new Slot.Node(m));
    }

    /// <summary>Tells whether every use of a buffer reads the very element that the loop stands at, and in no later phase than a given one.</summary>
    bool IsReadInStep(Expr source, int level) =>
        _step
            .Members.Where(m => m.Operands.Any(o => Geometry.Source(o) == source))
            .All(m =>
                m.Op is Reduction
                    ? _phases.IsElementFold(m) && IsBefore(_phases.FedAt(m), level)
                    : _phases.IsPerElement(m)
                        && IsBefore(_phases.LastNeeded(m), level)
                        && m.Operands.All(o => Geometry.Source(o) != source || o.Shape == m.Shape)
            );

    // a tile stores when it has loaded all
    bool IsBefore(int read, int written) => _shape.IsTiled || read <= written;
}
