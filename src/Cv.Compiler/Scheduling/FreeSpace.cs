namespace Cv.Compiler;

/// <summary>
/// Hands out pieces of an arena, each at the lowest offset where it fits. Only the gaps are listed, not the pieces between them: a deep net
/// keeps thousands of buffers for its backward pass, but few gaps.
/// </summary>
sealed class FreeSpace
{
    readonly List<(long Offset, long End)> _gaps = [];

    /// <summary>Gives the end of the highest piece ever taken.</summary>
    public long End { get; private set; }

    /// <summary>Takes a piece of so many bytes, over 0.</summary>
    public long Take(long size)
    {
        for (int i = 0; i < _gaps.Count; i++)
        {
            var (offset, end) = _gaps[i];
            if (end - offset < size)
                continue;
            if (end - offset == size)
                _gaps.RemoveAt(i);
            else
                _gaps[i] = (offset + size, end);
            return offset;
        }
        // a gap at the end grows
        long at = _gaps.Count > 0 && _gaps[^1].End == End ? _gaps[^1].Offset : End;
        if (at < End)
            _gaps.RemoveAt(_gaps.Count - 1);
        End = at + size;
        return at;
    }

    /// <summary>Gives a piece back.</summary>
    public void Free(long offset, long size)
    {
        long end = offset + size;
        int low = 0;
        for (int high = _gaps.Count; low < high; )
        {
            int middle = (low + high) / 2;
            if (_gaps[middle].Offset < offset)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < _gaps.Count && _gaps[low].Offset == end)
        {
            end = _gaps[low].End;
            _gaps.RemoveAt(low);
        }
        if (low > 0 && _gaps[low - 1].End == offset)
            _gaps[low - 1] = (_gaps[low - 1].Offset, end);
        else
            _gaps.Insert(low, (offset, end));
    }
}
