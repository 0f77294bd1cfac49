using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

sealed partial class LoopEmitter
{
    /// <summary>
    /// Folds across rows: into a vector per unit that becomes one number, or into a row per block. Several units leave parts, which a small
    /// kernel folds in order afterwards. A long sum is folded in blocks, which a tower adds up.
    /// </summary>
    sealed partial class Tail
    {
        const int Sums = 4;

        readonly LoopEmitter _loop;
        readonly Reduction _op;
        readonly Lanes _lanes;
        readonly List<ParameterExpression> _sums = [];
        readonly Slot _into;
        readonly int _width;
        int _vectors;

        public Tail(LoopEmitter loop, Expr node)
        {
            _loop = loop;
            _lanes = loop._lanes;
            Node = node;
            _op = (Reduction)node.Op;
            var role = loop._step.Roles.GetValueOrDefault(Geometry.Source(node.Operands[0]), Role.Full);
            FoldsRows = role == Role.Row;
            FoldsColumns = loop._phases.IsColumnFold(node);
            _width = FoldsColumns ? loop._shape.Columns : 1;
            if (!FoldsColumns)
                _sums.AddRange(Enumerable.Range(0, Sums).Select(u => Local($"total{u}")));
            int parts = FoldsColumns ? loop._shape.Blocks : checked((int)loop._shape.Units);
            bool inParts = parts > 1 && loop._step.Outer == 1;
            _into = inParts ? new Slot.Temporary(node, "parts", (long)parts * _width * node.DType.ByteSize()) : new Slot.Node(node);
            if (inParts)
                loop._after.Add(Combine.Kernel(node, _into, new Slot.Node(node), parts, _width));
            if (LongSums.Cuts(node, Chain))
                BeginTower();
        }

        public Expr Node { get; }

        /// <summary>Tells that the operand is one value per row.</summary>
        public bool FoldsRows { get; }

        /// <summary>Tells that each column is folded by itself.</summary>
        public bool FoldsColumns { get; }

        ParameterExpression Address => _loop._code.Address(_into, write: true);

        /// <summary>Tells that the sums of columns pass through memory: each strip of rows, or each row, takes them up again.</summary>
        bool InMemory => !_loop._shape.IsTiled || _loop._shape.StripRows != _loop._shape.RowsPerBlock;

        Expression Seed => _lanes.Seed(_op, Node.DType);

        ParameterExpression Local(string name) => _loop._code.Local(_lanes.VectorOf(Node.DType), name);

        /// <summary>Begins a unit.</summary>
        public Expression Begin()
        {
            if (_tower is not null)
                return BeginLong(_tower);
            if (!FoldsColumns)
                return Block(_sums.Select(s => Assign(s, Seed)));
            return InMemory ? OverColumns((j, part) => [_lanes.Store(Node.DType, Seed, Address, At(j), part)]) : Empty();
        }

        /// <summary>Writes lines for each vector of the columns of this unit.</summary>
        BlockExpression OverColumns(Func<Expression, Expression?, IEnumerable<Expression>> lines)
        {
            var shape = _loop._shape;
            var j = _loop._column;
            Expression first = Constant(0L),
                last = Constant((long)_width);
            if (shape.Pieces > 1)
            {
                first = Times(Subtract(_loop._unit, Times(_loop._block, shape.Pieces)), shape.PieceColumns);
                last = MinOf(Plus(first, shape.PieceColumns), last);
            }
            var end = _loop._code.Long("end");
            return Block(
                Assign(j, first),
                Assign(end, last),
                While(j, Plus(end, 1L - _lanes.Count), _lanes.Count, lines(j, null)),
                _width % _lanes.Count == 0 ? Empty() : IfThen(LessThan(j, end), Block(lines(j, Subtract(end, j))))
            );
        }

        /// <summary>Folds a vector into one of a few totals.</summary>
        public Expression Add(Expression value, int copy) => Assign(_sums[copy % Sums], _lanes.Combine(_op, _sums[copy % Sums], value));

        /// <summary>Folds a vector into the row in memory.</summary>
        public Expression AddColumns(Expression value, Piece piece) =>
            _lanes.Store(
                Node.DType,
                _lanes.Combine(_op, _lanes.Load(Node.DType, Address, At(piece.Column)), value),
                Address,
                At(piece.Column),
                piece.Part
            );

        /// <summary>Begins a tile: one vector of sums for each of its vectors and each row of a turn.</summary>
        public List<Expression> BeginTile(Piece[] pieces, int turns)
        {
            _sums.Clear();
            _vectors = pieces.Length;
            for (int i = 0; i < _vectors * turns; i++)
                _sums.Add(Local($"column{i}"));
            return
            [
                .. _tower is null ? [] : (Expression[])[Assign(_tower.Count, InMemory ? _strips! : Constant(0L))],
                .. _sums.Select(
                    (sum, i) => Assign(sum, InMemory && i < _vectors ? _lanes.Load(Node.DType, Address, At(pieces[i].Column)) : Seed)
                ),
            ];
        }

        /// <summary>Folds a vector of a tile.</summary>
        public Expression AddTile(Expression value, int turn, int copy)
        {
            var sum = _sums[turn * _vectors + copy];
            return Assign(sum, _lanes.Combine(_op, sum, value));
        }

        /// <summary>Ends a tile: the rows of a turn become one, and go to memory.</summary>
        public IEnumerable<Expression> EndTile(Piece[] pieces, int turns)
        {
            if (_tower is not null && !InMemory)
            {
                foreach (var line in EndLongTile(_tower, pieces))
                    yield return line;
                yield break;
            }
            for (int c = 0; c < _vectors; c++)
            {
                var sums = Enumerable.Range(0, turns).Select(u => (Expression)_sums[u * _vectors + c]);
                var total = sums.Aggregate((a, b) => _lanes.Combine(_op, a, b));
                yield return _lanes.Store(Node.DType, total, Address, At(pieces[c].Column), pieces[c].Part);
            }
        }

        /// <summary>Ends a unit.</summary>
        public Expression End()
        {
            if (FoldsColumns)
                return _tower is null || !InMemory ? Empty() : EndLongColumns(_tower);
            if (_tower is not null)
                return Block(Flush(), TotalOf(_tower), StoreOne(_sums[0]));
            var total = _sums.Cast<Expression>().Aggregate((a, b) => _lanes.Combine(_op, a, b));
            return StoreOne(total);
        }

        Expression StoreOne(Expression total)
        {
            var one = FoldsRows ? total : _lanes.Broadcast(_lanes.FoldLanes(_op, total));
            return _lanes.Store(Node.DType, one, Address, _loop._unit, Constant(1L));
        }

        Expression At(Expression j) => Expression.Add(Times(_loop._block, _width), j);
    }
}
